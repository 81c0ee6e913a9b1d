"""Tables as Arrow IPC files in the blob store: columns that every data tool reads, and the same bytes every time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from stages.core.blobs import BlobRef, BlobStore

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MEDIA_TYPE = "application/vnd.apache.arrow.file"

Quads: TypeAlias = "NDArray[np.float32]"
"""(N, 4, 2) float32: x and y in pixels of the source frame, clockwise from top left."""

Column: TypeAlias = "Sequence[str] | NDArray[Any]"


def write_table(columns: Mapping[str, Column], blobs: BlobStore) -> BlobRef:
    """Keep columns of equal length: text, or numbers of shape (N,), or quads of shape (N, 4, 2)."""
    import pyarrow as pa

    table = pa.table({name: _column(pa, column) for name, column in columns.items()})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return blobs.put(sink.getvalue().to_pybytes(), MEDIA_TYPE)


def read_table(ref: BlobRef, blobs: BlobStore) -> dict[str, Any]:
    """The columns again: lists of text, arrays of numbers."""
    import pyarrow as pa

    with pa.ipc.open_file(pa.BufferReader(blobs.get(ref))) as reader:
        table = reader.read_all()
    return {name: _read(pa, table.column(name).combine_chunks()) for name in table.column_names}


def _column(pa: Any, column: Column) -> Any:
    import numpy as np

    if not isinstance(column, np.ndarray):
        return pa.array(column, pa.string())
    if column.ndim == 1:
        return pa.array(column)
    return pa.FixedSizeListArray.from_arrays(pa.array(column.reshape(-1)), int(np.prod(column.shape[1:])))


def _read(pa: Any, column: Any) -> Any:
    if pa.types.is_string(column.type):
        return column.to_pylist()
    if pa.types.is_fixed_size_list(column.type):
        return column.flatten().to_numpy(zero_copy_only=False).reshape(-1, 4, 2)
    return column.to_numpy(zero_copy_only=False)


def as_quads(quads: Sequence[Any] | NDArray[Any]) -> Quads:
    """Quads given in any way as one array; (0, 4, 2) for none."""
    import numpy as np

    return np.asarray(quads, np.float32).reshape(-1, 4, 2)


def quad_areas(quads: Quads) -> NDArray[np.float64]:
    """(N,) float64 area of each quad in square pixels (the shoelace formula)."""
    import numpy as np

    x, y = quads[..., 0].astype(np.float64), quads[..., 1].astype(np.float64)
    twice: NDArray[np.float64] = np.abs(np.sum(x * np.roll(y, -1, 1) - y * np.roll(x, -1, 1), axis=1))
    return twice / 2
