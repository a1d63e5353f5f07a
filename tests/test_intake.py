"""What is kept of the drop zone, and of what no copy may be left."""

from dataclasses import replace
from hashlib import sha256

import pytest
import samples

from pdsfz_xl import collect
from pdsfz_xl.intake import Intake, keep
from pdsfz_xl.model import Arrival, Batch, Manifest, Received
from pdsfz_xl.workspace import Workspace

ZONE = "out/2-收件"
BYTES = b"the same bytes under every name"
DIGEST = sha256(BYTES).hexdigest()


@pytest.fixture
def ws(tmp_path) -> Workspace:
    return Workspace(tmp_path)


def judged(ws: Workspace, verdicts: dict[str, str]) -> tuple[Batch, Intake]:
    """The same bytes under each name, with the verdict each of these files got."""
    ws.dropzone.mkdir(parents=True)
    arrivals, received = [], []
    for name, verdict in verdicts.items():
        (ws.dropzone / name).write_bytes(BYTES)
        path = f"{ZONE}/{name}"
        manifest = None if name.startswith("~$") else Manifest(sha256=DIGEST)
        arrivals.append(Arrival(path, DIGEST, samples.NOW, True, manifest))
        received.append(
            Received(path=path, sha256=DIGEST, verdict=verdict, unit="01",
                     first_seen=samples.NOW, received=samples.NOW)
        )  # fmt: skip
    batch = replace(samples.batch(samples.master()), received=tuple(received))
    return batch, Intake(tuple(arrivals), ())


def copies(ws: Workspace) -> int:
    """How often the bytes, and what was read of them, lie outside the drop zone."""
    archived = [p for p in ws.archive_folder.glob("*") if p.read_bytes() == BYTES]
    return len(archived) + (ws.cached(DIGEST, collect.VERSION) is not None)


@pytest.mark.parametrize("verdict", ["held", "ignored"])
@pytest.mark.parametrize("twin", ["duplicate", "accepted", "rejected"])
@pytest.mark.parametrize("order", [1, -1])
def test_a_twin_of_a_held_or_void_file_leaves_no_copy(ws, verdict, twin, order):
    batch, intake = judged(ws, dict([("甲.xlsx", verdict), ("乙.xlsx", twin)][::order]))
    ws.remember(DIGEST, collect.VERSION, b"read before it was held")
    ws.remember(DIGEST, "0", b"read by an older version")
    keep(ws, batch, intake)
    assert copies(ws) == 0
    assert ws.cached(DIGEST, "0") is None


def test_a_twin_is_kept_once(ws):
    keep(ws, *judged(ws, {"甲.xlsx": "accepted", "乙.xlsx": "duplicate"}))
    assert copies(ws) == 2


def test_a_lock_file_of_the_same_bytes_bars_nothing(ws):
    """It is ignored for its name, not by the clerk."""
    keep(ws, *judged(ws, {"甲.xlsx": "accepted", "~$甲.xlsx": "ignored"}))
    assert copies(ws) == 2


def test_a_held_file_bars_no_other(ws):
    batch, intake = judged(ws, {"甲.xlsx": "accepted"})
    held = replace(batch.received[0], path=f"{ZONE}/密.xlsx", sha256="0" * 64, verdict="held")
    manifest = Manifest(sha256="0" * 64)
    arrival = Arrival(held.path, held.sha256, samples.NOW, True, manifest)
    keep(
        ws,
        replace(batch, received=(*batch.received, held)),
        Intake((*intake.arrivals, arrival), ()),
    )
    assert copies(ws) == 2
