"""A charging station, by the packages `ocpp` and `websockets` as they are.

Its arguments are the address of the example `ocpp` and what to do, which is the name of a function below.
"""

import asyncio
import sys
import urllib.error
import urllib.request
from contextlib import asynccontextmanager
from datetime import datetime

from ocpp.exceptions import NotImplementedError, SecurityError, TypeConstraintViolationError
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from ocpp.v16.enums import Action, RegistrationStatus, RemoteStartStopStatus
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

ADDRESS, ACT = sys.argv[1:]


class Station(ChargePoint):
    """Checks each payload against the schemas of OCPP, as the package does by itself."""

    @on(Action.remote_start_transaction)
    def remote_start(self, id_tag):
        status = RemoteStartStopStatus.accepted if id_tag == "ANN" else RemoteStartStopStatus.rejected
        return call_result.RemoteStartTransaction(status=status)


class Simple(ChargePoint):
    """A station that can't be started from afar."""


def start(station, card):
    """What an operator does: the status and the text of the answer."""
    request = urllib.request.Request(f"{ADDRESS}/start/{station}/{card}", method="POST")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def address(name):
    return f"{ADDRESS.replace('http', 'ws', 1)}/ocpp/{name}"


@asynccontextmanager
async def connected(kind, name):
    async with connect(address(name), subprotocols=["ocpp2.0.1", "ocpp1.6"]) as socket:
        assert socket.subprotocol == "ocpp1.6", socket.subprotocol
        station = kind(name, socket)
        reading = asyncio.create_task(station.start())
        try:
            yield station
        finally:
            reading.cancel()


async def fails(error, calling):
    try:
        answer = await calling
    except error as raised:
        return raised
    raise AssertionError(f"not refused, but answered: {answer}")


async def calls():
    async with connected(Station, "CP1") as station:
        booted = await station.call(call.BootNotification(charge_point_model="M", charge_point_vendor="V"))
        assert booted.status == RegistrationStatus.accepted, booted
        assert booted.interval == 300, booted
        beat = await station.call(call.Heartbeat())
        assert datetime.fromisoformat(beat.current_time).tzinfo, beat

        stolen = call.BootNotification(charge_point_model="M", charge_point_vendor="Thief")
        refused = await fails(SecurityError, station.call(stolen, suppress=False))
        assert refused.description == f"{station.id} is not ours", refused
        await fails(NotImplementedError, station.call(call.Authorize(id_tag="ANN"), suppress=False))
        wrong = call.BootNotification(charge_point_model="M", charge_point_vendor=7)
        await fails(TypeConstraintViolationError, station.call(wrong, suppress=False, skip_schema_validation=True))
        assert await station.call(call.Heartbeat()), "the connection stays"


async def is_called():
    async with connected(Station, "CP2") as station:
        # Both at once: the second waits, because a side has at most one open call.
        asked = [asyncio.to_thread(start, station.id, card) for card in ("ANN", "EVE")]
        assert await asyncio.gather(*asked) == [(200, "Accepted"), (200, "Rejected")]
        assert await station.call(call.Heartbeat()), "and it calls as before"


async def can_not_be_called():
    async with connected(Simple, "CP3") as station:
        status, text = await asyncio.to_thread(start, station.id, "ANN")
        # The error is the package's own.
        assert status == 502 and ": ocpp.NotImplemented: " in text, (status, text)


async def is_not_connected():
    assert await asyncio.to_thread(start, "CP4", "ANN") == (404, "this station is not connected")


async def offers_another_version():
    async with connect(address("CP5"), subprotocols=["ocpp2.0.1"]) as socket:
        closed = await fails(ConnectionClosedError, socket.recv())
        assert closed.rcvd.code == 1002, closed


asyncio.run(globals()[ACT]())
