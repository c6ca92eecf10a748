"""The streams of events: newest first, and nobody waits for a slow one."""

from __future__ import annotations

import asyncio
import json

from dashboards.live.viewers import Viewers, event


def test_an_event_is_its_kind_and_one_line_of_json() -> None:
    text = event("frame", {"text": "a\nb"})

    assert text == 'event: frame\ndata: {"text":"a\\nb"}\n\n'


def test_every_viewer_gets_the_newest_and_the_end() -> None:
    async def watch() -> list[str]:
        viewers = Viewers()
        stream = viewers.events("first")
        seen = [await anext(stream)]
        for number in range(3):
            viewers.tell("frame", {"frame": number})
        seen.append(await anext(stream))
        assert viewers.count == 1
        viewers.close()
        seen += [text async for text in stream]
        assert viewers.count == 0
        return seen

    first, only = asyncio.run(watch())

    assert first == "first"
    assert json.loads(only.splitlines()[1].removeprefix("data: ")) == {"frame": 2}


def test_one_who_has_gone_is_not_counted() -> None:
    async def watch() -> int:
        viewers = Viewers()
        stream = viewers.events("first")
        await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]
        return viewers.count

    assert asyncio.run(watch()) == 0
