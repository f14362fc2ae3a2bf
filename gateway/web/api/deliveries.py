"""In charge of: `/deliveries`. Not in charge of: delivering."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from gateway.usecases.mend_delivery import read_delivery
from gateway.web.api.answers import answer
from gateway.web.api.auth import Reader
from gateway.web.api.schemas import Id
from gateway.web.api.schemas_out import DeliveryOut

router = APIRouter(tags=["Deliveries"])


@router.get("/deliveries/{id}", response_model=DeliveryOut, summary="Follow a delivery, with its attempts")
def get_delivery(id: Id, caller: Reader) -> Response:
    return answer(DeliveryOut.of(read_delivery(caller.ctx, caller.viewer, id)))
