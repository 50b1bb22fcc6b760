"""`tarjuman.v1.GlossaryService`.

Belongs here: its calls. Must not: store (see `store`) or convert fields (see `convert`).
"""

from __future__ import annotations

import base64
from typing import Any

from glossary import termfile
from protos.tarjuman.v1 import glossary_pb2, glossary_pb2_grpc
from service import convert
from service.calls import Calls, file_format, guarded
from service.errors import InvalidRequest


class GlossaryService(Calls, glossary_pb2_grpc.GlossaryServiceServicer):
    """`tarjuman.v1.GlossaryService`."""

    @guarded
    async def CreateGlossary(self, request: glossary_pb2.CreateGlossaryRequest, context: Any) -> glossary_pb2.CreateGlossaryResponse:
        form = file_format(request.format, "format")
        made = await self.worker.aside(lambda: self.store.create(request.glossary_id, request.display_name, request.content, form))
        return glossary_pb2.CreateGlossaryResponse(glossary=convert.glossary(made))

    @guarded
    async def GetGlossary(self, request: glossary_pb2.GetGlossaryRequest, context: Any) -> glossary_pb2.GetGlossaryResponse:
        found = await self.worker.aside(lambda: self.store.get(request.name))
        return glossary_pb2.GetGlossaryResponse(glossary=convert.glossary(found))

    @guarded
    async def ListGlossaries(self, request: glossary_pb2.ListGlossariesRequest, context: Any) -> glossary_pb2.ListGlossariesResponse:
        if request.page_size < 0:
            raise InvalidRequest("page_size", f"is {request.page_size}; it must not be negative")
        size = min(request.page_size or 100, 1000)
        try:
            after = base64.b64decode(request.page_token.encode(), altchars=b"-_", validate=True).decode()
        except ValueError:
            raise InvalidRequest("page_token", "is none that this server gave") from None
        found = await self.worker.aside(lambda: self.store.list(after, size + 1))
        last = found[size - 1].name.removeprefix("glossaries/") if len(found) > size else ""
        token = base64.urlsafe_b64encode(last.encode()).decode()
        return glossary_pb2.ListGlossariesResponse(glossaries=[convert.glossary(g) for g in found[:size]], next_page_token=token)

    @guarded
    async def DeleteGlossary(self, request: glossary_pb2.DeleteGlossaryRequest, context: Any) -> glossary_pb2.DeleteGlossaryResponse:
        await self.worker.aside(lambda: self.store.delete(request.name, request.etag))
        return glossary_pb2.DeleteGlossaryResponse()

    @guarded
    async def ImportEntries(self, request: glossary_pb2.ImportEntriesRequest, context: Any) -> glossary_pb2.ImportEntriesResponse:
        form = file_format(request.format, "format")
        made, count = await self.worker.aside(
            lambda: self.store.import_entries(
                request.name, request.content, form, replace=request.replace, etag=request.etag, validate_only=request.validate_only
            )
        )
        return glossary_pb2.ImportEntriesResponse(glossary=convert.glossary(made), imported_count=count)

    @guarded
    async def ExportEntries(self, request: glossary_pb2.ExportEntriesRequest, context: Any) -> glossary_pb2.ExportEntriesResponse:
        form = file_format(request.format, "format")
        if request.revision < 0:
            raise InvalidRequest("revision", f"is {request.revision}; it must not be negative")
        termbase = await self.worker.aside(lambda: self.store.termbase(request.name, request.revision))
        return glossary_pb2.ExportEntriesResponse(content=termfile.write(termbase, form), revision=termbase.revision)
