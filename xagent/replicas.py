"""Several servers with the same model, taken in turn; one that is out of reach is passed over."""

import re
from collections.abc import Sequence
from itertools import count

import httpx2

_LOCAL = re.compile(r"https?://(?:[^/@]*@)?(?:localhost|127(?:\.\d+){3}|\[::1\])(?=[:/]|$)", re.IGNORECASE)


def base_urls(given: str) -> tuple[str, ...]:
    """The base URLs in what was given: one, or several with commas."""
    return tuple(url.strip().rstrip("/") for url in given.split(",") if url.strip()) or ("",)


def shown(given: str) -> str:
    """The URLs as they may be shown and kept: without a password in them."""
    return re.sub(r"//[^/@\s]*@", "//", given)


def is_local(given: str) -> bool:
    """Whether all of the URLs are of this machine: no proxy leads to it."""
    return all(_LOCAL.match(url) for url in base_urls(given))


class Replicas(httpx2.AsyncBaseTransport):
    """Sends each request, made for the first of the base URLs, to the next of them.

    Every replica is asked what the first would have been asked: they must serve the same model, by the same
    name. For conversations that stay with the server that has them in its cache, put a router before them.
    """

    def __init__(self, urls: Sequence[str], transport: httpx2.AsyncBaseTransport) -> None:
        self._urls = [httpx2.URL(url) for url in urls]
        self._transport = transport
        self._turn = count()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send it. Raises what the last replica's connection does when none can be reached."""
        first, turn = self._urls[0], next(self._turn)
        path = request.url.raw_path.removeprefix(first.raw_path.rstrip(b"/"))
        order = [self._urls[(turn + n) % len(self._urls)] for n in range(len(self._urls))]
        for replica in order:
            request.url = replica.copy_with(raw_path=replica.raw_path.rstrip(b"/") + path)
            request.headers["Host"] = replica.netloc.decode("ascii")
            try:
                return await self._transport.handle_async_request(request)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                if replica is order[-1]:
                    raise
        raise AssertionError("there is at least one replica")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()
