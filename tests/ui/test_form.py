from pathlib import Path

import numpy as np
import pytest
from textual.content import Content
from textual.geometry import Size
from textual.widgets import Collapsible

from tui_trainer.config.options import Config, fields
from tui_trainer.config.relevance import hindrance
from tui_trainer.errors import UserError
from tui_trainer.ui.chart.widget import Chart
from tui_trainer.ui.kit.help import HelpScreen
from tui_trainer.ui.run.field import Field
from tui_trainer.ui.run.form import ConfigForm, fitting
from tui_trainer.ui.run.run_panel import Phase

from .desk import SMALL, USUAL, Desks


async def test_the_layers_follow_every_keystroke_and_a_deep_sigmoid_network_can_be_set_up_with_the_keyboard_alone(sit_down: Desks) -> None:
    async with sit_down(SMALL, hidden="256") as desk:
        assert "203,530" in desk.screen
        for text in ("128x", "64", "x", "128x8"):
            desk.app.main.query_one("#hidden").value = text  # type: ignore[attr-defined]
            await desk.settle()
        for part in ("flatten", "28 × 28 → 784", "(784 + 1) × 128 =", "100,480", "total 217,354 parameters"):
            assert part in desk.screen
        # From the start, by keys.
        desk.app.main.query_one("#hidden").value = "256"  # type: ignore[attr-defined]
        await desk.until_read("203,530")
        await desk.press("tab")
        await desk.type("128x8")
        await desk.press("tab", "enter")
        await desk.type("sig")
        await desk.press("enter", "tab", "enter")
        await desk.type("unif")
        await desk.press("home", "enter", "tab", "enter", "home", "enter", "tab")
        config = desk.app.main.query_one(ConfigForm).config
        assert config is not None
        assert (config.hidden, config.activation, config.initializer, config.optimizer) == ((128,) * 8, "sigmoid", "uniform", "sgd")
        assert config.learning_rate == 0.01
        assert "(784 + 1) × 128 =" in desk.screen
        assert "total 217,354 parameters" in desk.screen


async def test_the_layers_are_those_for_the_data_that_is_chosen(sit_down: Desks, tmp_path: Path) -> None:
    images, labels = np.zeros((20, 3, 5), np.uint8), np.arange(20) % 10
    np.savez(tmp_path / "small.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    async with sit_down(USUAL, hidden="4") as desk:
        assert "(784 + 1) × 4 =" in desk.screen
        form = desk.app.main.query_one(ConfigForm)
        form.fill({"data": str(tmp_path / "small.npz")})
        await desk.until(lambda: "3 × 5 → 15" in desk.screen)
        assert "(15 + 1) × 4 =" in desk.screen
        assert "total 114 parameters" in desk.screen
        form.fill({"data": str(tmp_path / "nowhere.npz")})
        await desk.until(lambda: "(784 + 1) × 4 =" in desk.screen)


async def test_every_option_that_has_an_effect_has_a_field_with_a_meaning_in_its_place(sit_down: Desks) -> None:
    async with sit_down() as desk:
        desk.app.main.query_one(Collapsible).collapsed = False
        await desk.until(lambda: len(desk.app.main.query(Field)) > 9)
        config = desk.app.main.query_one(ConfigForm).config
        shown = {field.option: field.description for field in desk.app.main.query(Field)}
        assert shown == {name: info.description for name, info in fields() if hindrance(name, dict(config or ())) is None}
        # Others come to their places once they matter.
        form = desk.app.main.query_one(ConfigForm)
        seen: set[str] = set()
        for values in (
            {},
            {"optimizer": "momentum", "activation": "elu", "schedule": "step"},
            {"optimizer": "rmsprop", "initializer": "uniform"},
            {"optimizer": "muon", "initializer": "orthogonal", "schedule": "one_cycle"},
            {"schedule": "polynomial"},
            {"schedule": "plateau"},
            {"hidden": "8x3", "normalization": "batch", "data": "circles"},
        ):
            form.fill(values)
            await desk.settle()
            further = [field.option for field in desk.app.main.query("#more Field").results(Field)]
            assert further == [name for name, _ in fields() if name in further]
            seen |= {field.option for field in desk.app.main.query(Field)}
        assert seen == {name for name, _ in fields()}


async def test_an_activation_proposes_its_initializer_an_optimizer_its_rate_and_an_unused_value_may_be_wrong(
    sit_down: Desks,
) -> None:
    async with sit_down() as desk:
        form = desk.app.main.query_one(ConfigForm)
        assert (desk.value("initializer"), desk.value("learning_rate")) == ("he_normal", "0.001")
        form.fields["activation"].value = "tanh"
        form.fields["optimizer"].value = "momentum"
        await desk.settle()
        assert (desk.value("initializer"), desk.value("learning_rate")) == ("glorot_uniform", "0.01")
        form.fields["activation"].value = "elu"
        await desk.settle()
        assert (desk.value("initializer"), desk.value("alpha")) == ("he_normal", "1.0")
        # A wrong value that no longer matters does not stand in the way.
        form.fill({"optimizer": "adam", "beta1": "oops"})
        await desk.settle()
        assert form.config is None
        form.fields["optimizer"].value = "sgd"
        await desk.settle()
        assert form.config is not None
        assert form.config.record()["beta1"] == 0.9


async def test_a_value_entered_on_purpose_is_not_proposed_away(sit_down: Desks) -> None:
    async with sit_down(learning_rate=0.5, initializer="uniform") as desk:
        form = desk.app.main.query_one(ConfigForm)
        form.fields["activation"].value = "sigmoid"
        form.fields["optimizer"].value = "sgd"
        await desk.settle()
        assert (desk.value("initializer"), desk.value("learning_rate")) == ("uniform", "0.5")


async def test_a_list_for_the_layers_is_shown_kept_and_can_be_chosen_again(sit_down: Desks) -> None:
    async with sit_down(hidden="8x3", activation="tanh,elu,relu") as desk:
        form = desk.app.main.query_one(ConfigForm)
        assert "tanh,elu,relu" in desk.screen
        assert form.config is not None
        assert form.config.activations == ("tanh", "elu", "relu")
        assert form.config.initializers == ("glorot_uniform", "he_normal", "he_normal", "he_normal")
        await desk.press("tab", "tab", "enter", "home", "enter")
        assert (form.config.activation, form.config.initializer) == ("sigmoid", "glorot_uniform")
        await desk.press("enter", "end")
        assert "tanh,elu,relu: one for each layer" in desk.screen
        await desk.press("enter")
        assert (form.config.activation, form.config.initializer) == ("tanh,elu,relu", "glorot_uniform,he_normal,he_normal,he_normal")
        assert form.fields["alpha"].display


async def test_a_list_of_the_wrong_length_is_explained_and_changes_nothing_else(sit_down: Desks) -> None:
    async with sit_down(hidden="8x2", activation="tanh,relu", initializer="he_normal") as desk:
        form = desk.app.main.query_one(ConfigForm)
        for text in ("8x", "8x3", "8", "8x2"):
            form.fields["hidden"].value = text
            await desk.settle()
            assert (form.config is None) == (text != "8x2"), text
            if text == "8x3":
                assert "✗ must be one name, or one for" in desk.screen
        assert form.config is not None
        assert (form.config.activation, form.config.initializer) == ("tanh,relu", "he_normal")


async def test_a_list_of_proposed_initializers_grows_with_the_layers(sit_down: Desks) -> None:
    async with sit_down(hidden="8,8", activation="tanh,relu") as desk:
        form = desk.app.main.query_one(ConfigForm)
        form.fields["hidden"].value = "8,8,8"
        form.fields["activation"].value = "tanh,tanh,relu"
        await desk.settle()
        assert form.config is not None
        assert form.config.initializer == "glorot_uniform,glorot_uniform,he_normal,he_normal"


async def test_only_what_the_choices_use_is_shown(sit_down: Desks) -> None:
    async with sit_down(optimizer="sgd") as desk:
        form = desk.app.main.query_one(ConfigForm)

        def shown() -> set[str]:
            names = {"alpha", "uniform_limit", "momentum", "rho", "beta1", "beta2", "epsilon"}
            return {name for name in names if form.fields[name].display}

        assert shown() == set()
        form.fields["optimizer"].value = "rmsprop"
        form.fields["activation"].value = "leaky_relu"
        form.fields["initializer"].value = "uniform"
        await desk.settle()
        assert shown() == {"rho", "epsilon", "alpha", "uniform_limit"}
    async with sit_down(optimizer="sgd", hidden="8,8", activation="tanh,elu", initializer="he_normal,uniform,he_normal") as desk:
        form = desk.app.main.query_one(ConfigForm)
        assert shown() == {"alpha", "uniform_limit"}


async def test_a_wrong_value_is_explained_as_it_is_typed_and_refuses_to_start(sit_down: Desks) -> None:
    async with sit_down(SMALL) as desk:
        await desk.press("tab", "tab", "tab", "tab", "tab")
        await desk.type("fast")
        assert "✗ must be a number" in desk.screen
        assert "an option is wrong" in desk.screen
        await desk.press("escape", "ctrl+r")
        assert desk.phase() is Phase.IDLE
        assert desk.app.focused is not None
        assert desk.app.focused.id == "learning_rate"
        await desk.type("0.25")
        assert "✗" not in desk.screen
        assert "total" in desk.screen


async def test_a_wrong_value_under_more_is_brought_into_sight(sit_down: Desks) -> None:
    async with sit_down(SMALL) as desk:
        form = desk.app.main.query_one(ConfigForm)
        form.fill({"beta1": "1.5"})
        await desk.settle()
        await desk.press("ctrl+r")
        assert not desk.app.main.query_one(Collapsible).collapsed
        assert desk.app.focused is not None
        assert desk.app.focused.id == "beta1"
        await desk.until_read("✗ must be less than 1")


async def test_an_option_that_may_be_left_out_may_be_left_empty(sit_down: Desks) -> None:
    async with sit_down(activation="elu", alpha=2.0) as desk:
        form = desk.app.main.query_one(ConfigForm)
        assert form.config is not None
        assert form.config.record()["alpha"] == 2.0
        form.fill({"alpha": ""})
        await desk.settle()
        assert form.config.record()["alpha"] == 1.0


async def test_what_only_the_data_can_tell_is_told_at_its_field(sit_down: Desks) -> None:
    async with sit_down(SMALL, batch_size=5000) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.REFUSED)
        assert desk.app.focused is not None
        assert desk.app.focused.id == "batch_size"
        assert "✗ must be at most the 500" in desk.screen


async def test_an_error_is_shown_in_the_field_of_its_option_whatever_its_words(sit_down: Desks) -> None:
    async with sit_down(SMALL) as desk:
        form = desk.app.main.query_one(ConfigForm)
        assert form.complain(UserError("--seed is meant", option="--learning-rate"))
        await desk.until_read("✗ --seed is meant")
        assert desk.app.focused is not None
        assert desk.app.focused.id == "learning_rate"
        assert not form.complain(UserError("--seed is named, but no option is at fault"))
        assert not form.complain(UserError("exists", option="--output"))


async def test_help_explains_the_field_and_each_choice_before_it_is_taken(sit_down: Desks) -> None:
    async with sit_down(USUAL) as desk:
        await desk.press("tab")
        assert "eight of 128" in desk.screen
        await desk.press("tab")
        assert "function between the layers" in desk.screen
        await desk.press("enter", "home")
        assert "sigmoid: 1/(1+e^-z)" in desk.screen
        assert desk.value("activation") == "relu"


ROOM = Size(31, 4)
"""Of the help at 80 × 24."""


def check_every_help() -> None:
    config = Config.parse({})
    for name, info in fields():
        field = Field(name, info, str(getattr(config, name)))
        for choice in (None, *field.choices):
            meanings = field.meanings(choice)
            text = fitting(meanings, ROOM)
            assert Content(text).get_height({}, ROOM.width) <= ROOM.height, text
            # It ends where a sentence or a clause does.
            whole = "\n".join(meanings)
            assert whole.startswith(text)
            assert whole[len(text) :][:1] in ("", "\n", ";"), text


def test_help_is_never_cut_in_mid_sentence() -> None:
    check_every_help()
    assert fitting(["one; two", "three; four"], Size(10, 2)) == "one; two\nthree"
    assert fitting(["one; two", "three; four"], Size(3, 1)) == "one"


@pytest.mark.usefixtures("korean")
def test_help_is_never_cut_in_korean() -> None:
    check_every_help()


async def test_a_wrong_value_pushes_nothing_out_and_leaves_the_last_table(sit_down: Desks) -> None:
    async with sit_down(SMALL, hidden="16") as desk:
        form = desk.app.main.query_one(ConfigForm)
        form.fill({"batch_size": "many", "seed": "7"})
        await desk.settle()
        lines = desk.screen.split("\n")
        assert [line[34] for line in lines if " ✗ │" in line[:37]]
        # In no field one reads what is wrong, and sees the field it is in.
        assert "─batch size─" in desk.screen
        assert "✗ must be a whole number" in desk.screen
        assert "seed          7" in desk.screen
        assert "(784 + 1) × 16 =" in desk.screen
        assert "an option is wrong: see the form" in desk.screen
        assert "total" not in desk.screen
        # So does one in another field.
        await desk.press("tab")
        assert "✗ must be a whole number" in desk.screen
        form.fill({"batch_size": "20"})
        await desk.settle()
        assert "✗" not in desk.screen
        assert "eight of 128" in desk.screen
        assert "total 12,730 parameters" in desk.screen


async def test_a_choice_is_drawn_and_what_it_leaves_of_the_gradient_is_foreseen(sit_down: Desks) -> None:
    async with sit_down(SMALL, hidden="100x10", activation="sigmoid", initializer="uniform", data="mnist") as desk:
        assert "Setup  ! gradient ÷ 2e11" in desk.screen
        assert "! foreseen: the gradient shrinks some 2e11 times on its way to dense_1" in desk.screen
        await desk.press("tab")
        assert "(784 + 1) × 100 =" in desk.screen
        await desk.press("tab")
        for part in ("f' ≤ 0.25", "slope at most ¼: ten leave 1e-6", "Gradient of each layer", "foreseen: gradient ÷ 2e11", "vanishing"):
            assert part in desk.screen
        # Another one is seen before it is taken, with what follows from it.
        await desk.press("enter", "down")
        assert "f' ≤ 1" in desk.screen
        assert "gradient ÷" not in desk.screen
        assert "signal ÷" in desk.screen
        await desk.press("escape")
        assert "f' ≤ 0.25" in desk.screen
        assert "gradient ÷ 2e11" in desk.screen
        await desk.press("tab")
        assert "signal and gradient ×0.071" in desk.screen
        await desk.press("tab")
        assert "there in" in desk.screen
        assert "(784 + 1) × 100 =" in desk.screen
        await desk.resize(USUAL)
        await desk.press("tab")
        # Where the charts are, which are empty.
        beside, inside = desk.app.main.query_one("#stage > PortraitView"), desk.app.main.query_one("#portrait")
        assert (beside.is_on_screen, inside.is_on_screen, desk.charts()) == (True, False, [])
        assert beside.size.height > 10
        assert "usual for adam" in desk.read(beside)
        await desk.press("tab")
        assert not beside.is_on_screen
        assert len(desk.charts()) == 2
        desk.app.main.query_one(ConfigForm).fill({"activation": "relu", "initializer": "he_normal"})
        await desk.settle()
        assert "! " not in desk.screen


async def test_learning_rates_are_tried_beside_the_form(sit_down: Desks) -> None:
    async with sit_down() as desk:
        desk.app.main.query_one(ConfigForm).fields["learning_rate"].take_focus()
        await desk.until_read("ctrl+t tries where it bursts")
        await desk.press("ctrl+t")
        await desk.until_read("tried: take")
        assert "◆" in desk.screen
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.ENDED)
        desk.app.main.query_one(ConfigForm).fields["learning_rate"].take_focus()
        # In the form, since there are curves beside it.
        portrait = desk.app.main.query_one("#portrait")
        await desk.until(lambda: portrait.is_on_screen and "tried: take" in desk.read(portrait))
        assert len(desk.charts()) == 2


async def test_letters_typed_into_a_field_steer_nothing(sit_down: Desks) -> None:
    async with sit_down(epochs=100_000) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        desk.app.main.query_one(ConfigForm).go_to_first()
        await desk.settle()
        await desk.press("s", "space", "1", "question_mark", "l")
        assert desk.phase() is Phase.TRAINING
        assert desk.at_main_screen()
        assert desk.value("hidden") == "s 1?l"


async def test_keys_act_before_anybody_has_gone_into_a_field(sit_down: Desks) -> None:
    async with sit_down(SMALL) as desk:
        await desk.press("question_mark")
        assert isinstance(desk.app.screen, HelpScreen)
        await desk.press("escape", "2")
        assert desk.app.main.query_one(Chart).is_on_screen
        assert desk.value("hidden") == "16"


async def test_enter_and_the_arrows_move_between_fields(sit_down: Desks) -> None:
    async with sit_down() as desk:
        order = []
        for key in ("tab", "enter", "tab", "tab", "tab", "down", "enter", "up"):
            await desk.press(key)
            assert desk.app.focused is not None
            order.append(desk.app.focused.id)
        assert order == ["hidden", "activation", "initializer", "optimizer", "learning_rate", "batch_size", "epochs", "batch_size"]
