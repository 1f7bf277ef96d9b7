"""Tenantry's codec: opens what was sealed for this worker's task queue, and seals what it answers."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Sequence
from base64 import b64decode, b64encode

from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    ActivitySerializationContext,
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadCodec,
    SerializationContext,
    WithSerializationContext,
)

SECONDS = 10


class TenantryCodec(PayloadCodec, WithSerializationContext):
    """Talks to ``<tenantry>/api/v1/codec``. The token is scoped to one task queue."""

    def __init__(self, tenantry: str, token: str, workflow_id: str = "") -> None:
        self._tenantry = tenantry
        self._token = token
        self._workflow_id = workflow_id

    def with_context(self, context: SerializationContext) -> TenantryCodec:
        """What is answered is sealed with the key of the tenant whose workflow asked."""
        if not isinstance(context, ActivitySerializationContext):
            return self
        return TenantryCodec(self._tenantry, self._token, context.workflow_id or "")

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return await asyncio.to_thread(self._ask, "encode", payloads)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return await asyncio.to_thread(self._ask, "decode", payloads)

    def _ask(self, what: str, payloads: Sequence[Payload]) -> list[Payload]:
        body = json.dumps({"payloads": [_write(payload) for payload in payloads]}).encode()
        request = urllib.request.Request(
            f"{self._tenantry}/api/v1/codec/{what}",
            data=body,
            headers={
                "Content-Type": "application/json",
                "Authorization": f"Bearer {self._token}",
                "X-Tenantry-Workflow-Id": self._workflow_id,
            },
        )
        with urllib.request.urlopen(request, timeout=SECONDS) as response:
            return [_read(payload) for payload in json.load(response)["payloads"]]


def _write(payload: Payload) -> dict[str, object]:
    metadata = {name: b64encode(value).decode() for name, value in payload.metadata.items()}
    return {"metadata": metadata, "data": b64encode(payload.data).decode()}


def _read(payload: dict) -> Payload:
    metadata = {name: b64decode(value) for name, value in payload["metadata"].items()}
    return Payload(metadata=metadata, data=b64decode(payload["data"]))


def data_converter(tenantry: str, token: str) -> DataConverter:
    """Failure texts and stack traces are sealed too; left plain they would tell what payloads hide."""
    return DataConverter(
        payload_codec=TenantryCodec(tenantry, token),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )
