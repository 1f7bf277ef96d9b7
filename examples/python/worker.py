"""A custom step in Python: gives each tenant an account in a CRM, and takes it back.

The CRM is a folder with one JSON file for each account, so that the example runs anywhere.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from codec import data_converter

CRM = Path(os.environ.get("CRM_DIR", "crm"))


def account_of(call: dict) -> Path:
    """Named by the tenant's id: a repeated act finds what the one before made."""
    return CRM / f"{call['tenantId']}.json"


@activity.defn(name="crm.create_account")
async def create_account(call: dict) -> dict:
    """Twice is once. What is returned is the step's output: later steps refer to it."""
    if call["input"].get("seats", 0) > 100:
        raise ApplicationError("more seats than the CRM sells", type="TooManySeats", non_retryable=True)
    CRM.mkdir(parents=True, exist_ok=True)
    account_of(call).write_text(json.dumps(call["input"]))
    return {"account": f"crm-{call['tenantId'][:8]}"}


@activity.defn(name="crm.delete_account")
async def delete_account(call: dict) -> None:
    """Takes the same input as the act. That nothing is there is success."""
    account_of(call).unlink(missing_ok=True)


async def main() -> None:
    client = await Client.connect(
        os.environ.get("TEMPORAL_ADDRESS", "127.0.0.1:7233"),
        namespace=os.environ.get("TEMPORAL_NAMESPACE", "default"),
        data_converter=data_converter(os.environ["TENANTRY_URL"], os.environ["TENANTRY_WORKER_TOKEN"]),
    )
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with Worker(client, task_queue=os.environ["TASK_QUEUE"], activities=[create_account, delete_account]):
        print("ready", flush=True)
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
