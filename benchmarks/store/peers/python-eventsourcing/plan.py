"""Which event goes to which stream: the crate `store-jobs` in Python, number for number."""

from dataclasses import dataclass

STREAMS = 10_000
LONG = STREAMS
SHORT = 2 * STREAMS
TOGETHER = 3 * STREAMS
TOGETHER_STREAMS = 10
NOTE = 90
TEXT = (
    "Rent for the third quarter, paid in advance by standing order, with thanks "
    "for the repaired window and the keys to the cellar; receipt to follow by post."
)
MASK = (1 << 64) - 1


def mix(number):
    """A number that looks random and is not (the finaliser of SplitMix64)."""
    mixed = (number + 0x9E37_79B9_7F4A_7C15) & MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58_476D_1CE4_E5B9) & MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D0_49BB_1331_11EB) & MASK
    return mixed ^ (mixed >> 31)


def identity(stream, what, number):
    """An id as text, as a UUID of version 7 is written."""
    number |= stream << 32
    first = bytearray(mix(number ^ (what << 60)).to_bytes(8, "big"))
    second = bytearray(mix(mix(number)).to_bytes(8, "big"))
    first[6] = 0x70 | (first[6] & 0x0F)
    second[0] = 0x80 | (second[0] & 0x3F)
    text = (first + second).hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


@dataclass(frozen=True)
class Planned:
    """An event that is to be appended."""

    stream: int
    version: int
    number: int
    cents: int
    region: int
    note: str


def planned(stream, version):
    mixed = mix((stream << 32) | version)
    start = ((mixed >> 32) & 0xFF) % (len(TEXT) - NOTE)
    return Planned(
        stream=stream,
        version=version,
        number=(1 << 28) | (mixed >> 40),
        cents=(1 << 14) | (mixed & 0x0F_FFFF),
        region=((mixed >> 24) & 0xFF) % 16,
        note=TEXT[start : start + NOTE],
    )


def begun():
    """The first event of every stream: what an append job finds."""
    for stream in range(STREAMS):
        yield planned(stream, 1)


def share(writer, writers, events):
    """The part of one writer in an append job, and the versions that its streams end at."""
    versions = {stream: 1 for stream in range(writer, STREAMS, writers)}
    count = len(versions)
    random = mix(writer)
    part = []
    for _ in range(events // writers + (writer < events % writers)):
        random = mix(random)
        stream = writer + random % count * writers
        versions[stream] += 1
        part.append(planned(stream, versions[stream]))
    return part, versions


def filled_streams(events):
    middle = max(events // 50_000, 1)
    short = max(events // 10_000, 1)
    together = events // 2
    length = min(events // 200, 1_000)
    random = mix(events)
    for index in range(events):
        if together <= index < together + TOGETHER_STREAMS * length:
            yield TOGETHER + (index - together) // length
        elif index % 10 == 0:
            yield LONG
        elif index % 50 == 1:
            yield LONG + 1 + index // 50 % middle
        elif index % 1_000 == 2:
            yield SHORT + index // 1_000 % short
        else:
            random = mix(random)
            yield random % STREAMS


def filled(events):
    """The log that is read."""
    versions = {}
    for stream in filled_streams(events):
        versions[stream] = versions.get(stream, 0) + 1
        yield planned(stream, versions[stream])


def loaded(length, together, events):
    """The streams that a load job loads, with their lengths."""
    streams = {10: range(SHORT, TOGETHER), 1_000: range(LONG + 1, SHORT)}
    wanted = streams.get(length, range(LONG, LONG + 1))
    if together:
        wanted = range(TOGETHER, TOGETHER + TOGETHER_STREAMS)
    lengths = {}
    for stream in filled_streams(events):
        if stream in wanted:
            lengths[stream] = lengths.get(stream, 0) + 1
    return lengths
