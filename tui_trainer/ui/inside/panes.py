"""The ways to look into a network: its mistakes, what it takes for what, its first units, what it says to a drawing, and what lights up."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from tui_trainer.datasets.dataset import Split
from tui_trainer.nn.arrays import Array, Labels
from tui_trainer.text.drawing import Look
from tui_trainer.text.language import N_, _
from tui_trainer.trained.activity import LayerActivity, in_turn
from tui_trainer.trained.inspection import Examination
from tui_trainer.ui.inside.confusion import ConfusionMatrix
from tui_trainer.ui.inside.examiner import NetworkLit, Sample, Subject
from tui_trainer.ui.inside.gallery import Bars, Gallery, Picture, Tile
from tui_trainer.ui.inside.network_picture import NetworkPicture, Shown
from tui_trainer.ui.inside.sketch import Sketch
from tui_trainer.ui.inside.sketchpad import Sketchpad

NO_IMAGES = N_("These are no images in gray, and cannot be drawn.")

NOT_SQUARE = N_("These images are no squares: none can be drawn by hand.")

DIVERGED = N_("The network gives numbers that are not finite:\nits training diverged.")


def why_nothing(subject: Subject | None, examination: Examination | None) -> str:
    """Why there is nothing to show of an examination; empty where there is something."""
    if subject is None:
        return _("There is no network yet.")
    if examination is None:
        return (
            _("Examining {count:,} images…").format(count=len(subject.test.labels))
            if subject.test
            else _("There are no test images to examine it on.")
        )
    return "" if examination.is_finite else _(DIVERGED)


def image_levels(subject: Subject, index: int) -> NDArray[np.uint8] | None:
    """A test image as it is drawn; None where it is no image."""
    if subject.test is None or subject.image_shape is None:
        return None
    return subject.spec.levels(subject.test.images[index])


def describe(layers: Sequence[LayerActivity], number: int) -> list[str]:
    """What is seen of a layer, in parts, what is lit first."""
    layer = layers[number]
    if number == len(layers) - 1:
        return [_("{layer} is the output: the softmax makes its sums the bars").format(layer=layer.name)]
    parts = [_("lit: {lit} of {count:,} units of {layer}").format(lit=layer.lit, count=len(layer.shares), layer=layer.name)]
    if dead := int(layer.dead.sum()):
        parts.append(_("{dead} dead").format(dead=dead))
    if layer.difference is not None and layer.says_nothing:
        parts.append(_("same for every image ({share})").format(share=f"{layer.difference:.2g}"))
    elif layer.difference is not None:
        parts.append(_("vary by {share} from image to image").format(share=f"{layer.difference:.0%}"))
    return parts


class MistakesPane(Horizontal):
    """The images that cost most, and of one of them all that the network says."""

    def __init__(self) -> None:
        super().__init__(id="mistakes")
        self._subject: Subject | None = None
        self._examination: Examination | None = None
        self._indices: Labels = np.empty(0, np.intp)

    def compose(self) -> ComposeResult:
        """The pictures beside the chosen one."""
        yield Gallery(6, id="mistake-gallery")
        with Vertical(classes="detail"):
            yield Picture(id="mistake-picture")
            yield Static(id="mistake-facts", classes="facts")
            yield Bars(id="mistake-bars")

    def show(self, subject: Subject | None, examination: Examination | None) -> None:
        """Show these; the image that was looked at stays so, if it is still a mistake."""
        gallery = self.query_one(Gallery)
        chosen = self._indices[gallery.index] if gallery.index < len(self._indices) else -1
        self._subject, self._examination = subject, examination
        nothing = why_nothing(subject, examination)
        self._indices = np.empty(0, np.intp) if nothing or examination is None else examination.mistakes()
        found = np.flatnonzero(self._indices == chosen)
        nothing = nothing or _("No test image was taken for another digit.")
        index = int(found[0]) if len(found) else 0
        gallery.show(len(self._indices), subject.image_shape if subject else None, self._tile, nothing, index)
        self._show_chosen()

    def _tile(self, number: int) -> Tile:
        assert self._subject
        assert self._examination
        index = self._indices[number]
        label, predicted = self._examination.labels[index], self._examination.predicted[index]
        caption = _("{label} as {predicted} {probability:.0%}")
        probability, names = self._examination.probabilities[index, predicted], self._subject.spec.names
        text = caption.format(label=names[label], predicted=names[predicted], probability=probability)
        return Tile(image_levels(self._subject, index), (text,))

    @on(Gallery.Chosen)
    def _show_chosen(self) -> None:
        gallery, facts = self.query_one(Gallery), self.query_one("#mistake-facts", Static)
        if self._subject is None or self._examination is None or gallery.index >= len(self._indices):
            self.query_one(Picture).show(None)
            self.query_one(Bars).show(())
            facts.update("")
            return
        index, examination = self._indices[gallery.index], self._examination
        self.query_one(Picture).show(image_levels(self._subject, index))
        self.query_one(Bars).show(examination.probabilities[index].tolist(), int(examination.labels[index]), self._subject.spec.names)
        names = self._subject.spec.names
        label, predicted = names[examination.labels[index]], names[examination.predicted[index]]
        what = _("is {label}, taken for {predicted}").format(label=label, predicted=predicted)
        loss = _("loss {loss:.2f} nats: {place:,} of {count:,}")
        loss = loss.format(loss=examination.losses[index], place=gallery.index + 1, count=len(self._indices))
        facts.update(Content("\n".join((_("test image {index:,}").format(index=index), what, loss))), layout=False)


class ConfusionPane(Vertical):
    """The matrix, and the images of its chosen cell."""

    def __init__(self) -> None:
        super().__init__(id="confusion")
        self._subject: Subject | None = None
        self._examination: Examination | None = None
        self._indices: Labels = np.empty(0, np.intp)

    def compose(self) -> ComposeResult:
        """The matrix over, or beside, the images."""
        with Vertical(id="beside"):
            yield ConfusionMatrix(id="matrix")
            with Horizontal(id="cell-detail"):
                yield Picture(id="cell-picture")
                yield Bars(id="cell-bars")
        yield Gallery(4, id="cell-gallery")

    def show(self, subject: Subject | None, examination: Examination | None) -> None:
        """Show these; the cell stays the same."""
        self._subject = subject
        nothing = why_nothing(subject, examination)
        self._examination = None if nothing else examination
        self.query_one(ConfusionMatrix).show(self._examination, nothing, subject.spec.names if subject else ())
        self._show_cell()

    @on(ConfusionMatrix.Chosen)
    def _show_cell(self) -> None:
        cell, gallery = self.query_one(ConfusionMatrix).cell, self.query_one(Gallery)
        if self._examination is None or self._subject is None or cell is None:
            self._indices = np.empty(0, np.intp)
            gallery.show(0, None, self._tile)
            self._show_chosen()
            return
        chosen = self._indices[gallery.index] if gallery.index < len(self._indices) else -1
        self._indices = self._examination.cell(*cell)
        found = np.flatnonzero(self._indices == chosen)
        index = int(found[0]) if len(found) else 0
        gallery.show(len(self._indices), self._subject.image_shape, self._tile, _("There are no such images."), index)
        self._show_chosen()

    @on(Gallery.Chosen)
    def _show_chosen(self) -> None:
        number = self.query_one(Gallery).index
        picture, bars = self.query_one(Picture), self.query_one(Bars)
        if self._subject is None or self._examination is None or number >= len(self._indices):
            picture.show(None)
            bars.show(())
            return
        index = self._indices[number]
        picture.show(image_levels(self._subject, index))
        labels, names = self._examination.labels, self._subject.spec.names
        bars.show(self._examination.probabilities[index].tolist(), int(labels[index]), names)

    def _tile(self, number: int) -> Tile:
        assert self._subject
        assert self._examination
        index = self._indices[number]
        surely = self._examination.probabilities[index, self._examination.predicted[index]]
        return Tile(image_levels(self._subject, index), (f"#{index} {surely:.0%}",))

    @on(ConfusionMatrix.Entered)
    def _enter(self) -> None:
        self.query_one(Gallery).focus()


class UnitsPane(Horizontal):
    """The weights of the units that see the image."""

    def __init__(self) -> None:
        super().__init__(id="units")
        self._subject: Subject | None = None
        self._examination: Examination | None = None
        self._count = 0

    def compose(self) -> ComposeResult:
        """The pictures beside the chosen one."""
        yield Gallery(10, id="unit-gallery")
        with Vertical(classes="detail"):
            yield Picture(id="unit-picture")
            yield Static(id="unit-facts", classes="facts")
            yield Static(id="unit-legend", classes="facts")

    def show(self, subject: Subject | None, examination: Examination | None) -> None:
        """Show these; the unit stays the same."""
        self._subject = subject
        self._examination = examination if examination and examination.is_finite else None
        gallery = self.query_one(Gallery)
        count = 0 if subject is None else len(subject.first.weights)
        nothing = why_nothing(subject, examination)
        if subject and not subject.first.is_finite:
            count, nothing = 0, _(DIVERGED)
        gallery.show(count, subject.image_shape if subject else None, self._tile, nothing, gallery.index)
        self._count = count
        self._show_chosen()

    def _weights(self, unit: int) -> Array | None:
        assert self._subject
        spec = self._subject.spec
        return None if spec.image_shape is None else spec.gray(self._subject.first.weights[unit])

    def _tile(self, unit: int) -> Tile:
        assert self._subject
        return Tile(self._weights(unit), (self._subject.first.headline(unit, self._examination),))

    @on(Gallery.Chosen)
    def _show_chosen(self) -> None:
        unit = self.query_one(Gallery).index
        there = self._subject is not None and unit < self._count
        self.query_one(Picture).show(self._weights(unit) if there else None)
        facts = self._subject.first.describe(unit, self._examination) if self._subject and there else []
        if there and self._subject and self._subject.image_shape is None:
            facts.append(_(NO_IMAGES))
        self.query_one("#unit-facts", Static).update(Content("\n".join(facts)))

    def explain(self, *, shades: bool) -> None:
        """Say what the signs of the weights look like."""
        legend = _("light: above 0, dark: below") if shades else _("+ #: above 0, - =: below")
        self.query_one("#unit-legend", Static).update(Content(legend))


class DrawPane(Horizontal):
    """A digit drawn by hand beside what the network sees of it and says to it."""

    HINT = N_("Draw a digit: drag the mouse, or space and the arrow keys.")

    def __init__(self) -> None:
        super().__init__(id="draw")
        self._subject: Subject | None = None

    def compose(self) -> ComposeResult:
        """The paper beside the network's answer."""
        yield Sketchpad(id="paper")
        with Vertical(id="answer"):
            yield Static(_(self.HINT), id="pen")
            yield Picture(id="seen")
            yield Bars(id="said")

    def show(self, subject: Subject | None, _examination: Examination | None) -> None:
        """Another network: what it says to the drawing has to be heard."""
        self._subject = subject
        self.explain()

    def explain(self) -> None:
        """Say what the pen does, or why there is no use in drawing."""
        paper = self.query_one(Sketchpad)
        text = _(self.HINT) if paper.sketch.is_empty and not paper.is_down else _("What the network is shown, and what it says:")
        if self._subject and self._subject.side is None:
            text = _(NOT_SQUARE if self._subject.image_shape else NO_IMAGES)
        self.query_one("#pen", Static).update(Content(f"{paper.state}\n{text}"))

    def answer(self, levels: NDArray[np.uint8], probabilities: Iterable[float]) -> None:
        """Show what the network saw, and says."""
        shares = list(probabilities)
        if self.query_one(Sketchpad).sketch.is_empty:
            return
        self.query_one("#seen", Picture).show(levels)
        if np.isfinite(shares).all():
            self.query_one("#said", Bars).show(shares, None, self._subject.spec.names if self._subject else ())
        else:
            self.query_one("#pen", Static).update(Content(_(DIVERGED)))
            self.query_one("#said", Bars).show(())

    def forget(self) -> None:
        """Nothing is drawn."""
        self.query_one("#seen", Picture).show(None)
        self.query_one("#said", Bars).show(())


class NetworkPane(Vertical):
    """The network as a picture, for a test image or what was drawn, over what is seen there in words."""

    def __init__(self) -> None:
        super().__init__(id="network")
        self._subject: Subject | None = None
        self._lit: NetworkLit | None = None
        self._order: tuple[Split, Labels] | None = None
        self._place = 0
        """Of the test image among all; -1 for what was drawn."""

    def compose(self) -> ComposeResult:
        """The picture over the words."""
        yield NetworkPicture(id="network-picture")
        yield Static(id="network-words")

    def turn_to_drawing(self, *, wanted: bool) -> None:
        """Show what was drawn, or test images again."""
        self._place = -1 if wanted else max(self._place, 0)

    def move(self, by: int, sketch: Sketch) -> None:
        """Go on among the images; before the first is what was drawn."""
        last = len(self._indices) - 1
        self._place = min(max(self._place + by, 0 if sketch.is_empty else -1), max(last, 0))

    def sample(self, subject: Subject | None, sketch: Sketch) -> Sample | None:
        """What is to be shown to this network; None where there is nothing."""
        self._subject = subject
        if self._place < 0:
            return sketch.ink
        return int(self._indices[self._place]) if self._place < len(self._indices) else None

    @property
    def _indices(self) -> Labels:
        """The test images, a class after the other."""
        test = self._subject.test if self._subject else None
        if test is None:
            return np.empty(0, np.intp)
        if self._order is None or self._order[0] is not test:
            self._order = test, in_turn(test.labels)
        return self._order[1]

    def show(self, subject: Subject | None, _examination: Examination | None) -> None:
        """Another network: what it does has to be asked for."""
        self._subject = subject
        if self._lit is None:
            nothing = _("There is no network yet.") if subject is None else _("There are no test images: draw a digit first (4).")
            self.query_one(NetworkPicture).show(None, nothing)
        else:
            self.answer(self._lit)

    def answer(self, lit: NetworkLit) -> int:
        """Show what lights up; tells about how many bytes that is on the line."""
        self._lit = lit
        picture = self.query_one(NetworkPicture)
        if not lit.activity.is_finite:
            self.query_one("#network-words", Static).update("")
            return picture.show(None, _(DIVERGED))
        test = lit.subject.test
        truth = None if lit.test_image is None or test is None else int(test.labels[lit.test_image])
        written = picture.show(Shown(lit.levels, lit.activity, truth, lit.subject.spec.names))
        self._tell()
        return written

    @on(NetworkPicture.Chosen)
    def _tell(self) -> None:
        """Say what image it is, what is seen of the chosen layer, and what the picture means."""
        lit, picture = self._lit, self.query_one(NetworkPicture)
        if lit is None or picture.shown is None:
            return
        said, truth = int(lit.activity.probabilities.argmax()), picture.shown.truth
        names = lit.subject.spec.names
        read = _("read as {label}, {probability:.0%}").format(label=names[said], probability=lit.activity.probabilities[said])
        if lit.test_image is None:
            what = _("your drawing: {read}").format(read=read)
        else:
            what = _("test image {index:,}, a {label}: {read}").format(
                index=lit.test_image, label="" if truth is None else names[truth], read=read
            )
        if picture.left_out:
            first, last = (number + 1 for number in picture.left_out)
            what += "; " + _("no room for layers {first} to {last}").format(first=first, last=last)
        words = "\n".join((what, "; ".join(describe(lit.activity.layers, picture.chosen)), self._legend(picture)))
        static = self.query_one("#network-words", Static)
        if str(static.content) != words:
            static.update(Content(words), layout=False)

    def _legend(self, picture: NetworkPicture) -> str:
        """What the picture means."""
        parts = [_("bright: gives much"), _("red: dead") if picture.look is Look.SHADES else _("x: dead")]
        parts.append(_("lines: what raises or lowers most") if picture.has_lines else _("between: strength of the weights"))
        return "; ".join(parts)
