"""Kernels talk over files of their own."""

import asyncio

import pytest

from qbc.pipeline import kernel


@pytest.mark.parametrize(("folder", "transport"), [("", "ipc"), ("x" * 100, "tcp")])
def test_kernels_need_no_free_port_unless_the_temporary_folder_has_a_long_name(tmp_path_factory, monkeypatch, folder, transport):
    home = tmp_path_factory.mktemp("k") / folder
    home.mkdir(exist_ok=True)
    monkeypatch.setattr(kernel, "_homes", lambda: str(home))

    async def started_and_ended():
        one = kernel.kernel("")()
        await one.start_kernel()
        client = one.client()
        client.start_channels()
        await client.wait_for_ready(timeout=60)
        client.stop_channels()
        await one.shutdown_kernel(now=True)
        await one.cleanup_resources()  # as nbclient does
        return one.transport

    assert asyncio.run(started_and_ended()) == transport
    assert not list(home.iterdir())
