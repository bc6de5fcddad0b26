"""Questions to the database that Django builds once a process.

For what every page asks, building the SQL costs Django two to four times what sending it costs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression
from django.db.models.lookups import Lookup
from django.db.models.query import RelatedPopulator, get_related_populators
from django.db.models.sql.compiler import SQLCompiler

M = TypeVar("M", bound=models.Model)


@dataclass(frozen=True, slots=True)
class _Named:
    """Stands among a statement's values for one that is given when it runs."""

    name: str


class Slot(Expression):
    """A value that is given by name when a ready question is asked."""

    def __init__(self, name: str) -> None:
        """Name the value."""
        super().__init__(output_field=models.TextField())
        self.name: Final = name

    def as_sql(self, *_args: object, **_kwargs: object) -> tuple[str, list[_Named]]:  # type: ignore[override] # the values are markers, never sent
        """Return the place of the value."""
        return "%s", [_Named(self.name)]


class AnyOf(Lookup):
    """`column = ANY(list)`: one statement for lists of any length. Made for `filter(AnyOf(F(column), Slot(name)))`."""

    lookup_name = "any_of"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[object, ...]]:  # type: ignore[override] # the values are markers
        """Return the comparison."""
        left, left_values = self.process_lhs(compiler, connection)
        right, right_values = compiler.compile(self.rhs)
        return f"{left} = ANY({right})", (*left_values, *right_values)


@dataclass(frozen=True, slots=True)
class _Plan(Generic[M]):
    """A built statement, and how its rows become instances."""

    sql: str
    values: Sequence[object]
    model: type[M]
    names: Sequence[str]
    columns: slice
    converters: Sequence[tuple[int, Sequence[Callable[..., object]], object]]
    related: Sequence[RelatedPopulator]
    annotations: Mapping[str, int]


class Ready(Generic[M]):
    """A query of the ORM with slots for its values, built at its first use. `build` returns the QuerySet.

    It may filter, order, slice, select_related, annotate and choose columns; it gives instances, never `values()`.
    """

    def __init__(self, build: Callable[[], "models.QuerySet[M]"]) -> None:
        """Take the maker of the query; models need not be loaded yet."""
        self._build: Final = build

    def rows(self, **values: object) -> list[M]:
        """Return the instances for these values, a list being given as a list. Raises KeyError for a missing one."""
        plan = self._plan
        given: list[Any] = [  # Any: whatever the driver can send
            values[value.name] if isinstance(value, _Named) else value for value in plan.values
        ]
        with connection.cursor() as cursor:
            cursor.execute(plan.sql, given)
            found = cursor.fetchall()
        return list(_instances(plan, found))

    def first(self, **values: object) -> M | None:
        """Return the first instance for these values, None when there is none."""
        return next(iter(self.rows(**values)), None)

    @cached_property
    def _plan(self) -> _Plan[M]:
        queryset = self._build()
        compiler = queryset.query.get_compiler(using=DEFAULT_DB_ALIAS)
        sql, values = compiler.as_sql()
        select, klass = compiler.select, compiler.klass_info
        assert klass is not None  # noqa: S101 - `values()` has none; told in the docstring
        first, last = klass["select_fields"][0], klass["select_fields"][-1] + 1
        converters = compiler.get_converters([column[0] for column in select])
        return _Plan(
            sql,
            values,
            klass["model"],
            [column[0].target.attname for column in select[first:last]],
            slice(first, last),
            [(place, each, expression) for place, (each, expression) in converters.items()],
            get_related_populators(klass, select, DEFAULT_DB_ALIAS),  # type: ignore[call-arg] # a later Django's, in the stubs
            compiler.annotation_col_map or {},
        )


def _instances(plan: _Plan[M], found: Sequence[Sequence[object]]) -> Iterator[M]:
    for values in found:
        row = _converted(plan, values)
        made = plan.model.from_db(DEFAULT_DB_ALIAS, plan.names, row[plan.columns])
        for populator in plan.related:
            populator.populate(row, made)
        for name, place in plan.annotations.items():
            setattr(made, name, row[place])
        yield made


def _converted(plan: _Plan[M], values: Sequence[object]) -> Sequence[object]:
    if not plan.converters:
        return values
    row = list(values)
    for place, converters, expression in plan.converters:
        value = row[place]
        for convert in converters:
            value = convert(value, expression, connection)
        row[place] = value
    return row
