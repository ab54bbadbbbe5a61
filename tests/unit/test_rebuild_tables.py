"""Every table of a service is rebuilt, shared or kept, and each kept one says why."""

import importlib

import pytest

from libs.contracts import topology
from libs.messaging.read_models import ReadModels


@pytest.mark.parametrize("service", topology().services)
def test_every_table_stands_in_exactly_one_place(service: str) -> None:
    models: ReadModels = importlib.import_module(f"services.{service}.projections").READ_MODELS
    metadata = importlib.import_module(f"services.{service}.tables").metadata
    named = [*models.rebuilt, *models.shared, *models.kept]
    assert sorted(table.name for table in named) == sorted(
        table.name for table in metadata.tables.values()
    )
    assert all(len(reason.split()) > 3 for reason in models.kept.values())
    assert {table.schema for table in named} == {service}
