"""Writes the Parquet files beside it: python make.py (pandas and pyarrow)."""
import datetime as dt
import decimal
import pathlib

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

here = pathlib.Path(__file__).parent
frame = pd.DataFrame({
    'label': ['ash', None, 'ash', 'βίρχ'],
    'small': np.array([0, 255, 3, 4], dtype='int64'),
    'float': [0.5, np.nan, -1e300, 2.0],
    'single': np.array([0.1, 2, 3, 4], dtype='float32'),
    'maybe': pd.array([1, None, 3, 70000], dtype='Int32'),
    'large': np.array([9007199254740993, 1, 2, 3], dtype='int64'),
    'flag': pd.array([True, False, None, True], dtype='boolean'),
    'day': [dt.date(2024, 2, 29), dt.date(1969, 12, 31), None, dt.date(2024, 3, 1)],
    'time': pd.to_datetime(['2024-01-02 03:04:05', '2024-01-02 03:04:05.25', None, '1960-01-01'], format='ISO8601'),
    'price': [decimal.Decimal('1.25'), decimal.Decimal('-3.50'), None, decimal.Decimal('0.10')],
    'kind': pd.Categorical(['b', 'a', 'b', None]),
})
table = pa.Table.from_pandas(frame).replace_schema_metadata(None)
for compression in ['snappy', 'gzip', 'zstd']:
    options = {'compression': compression, 'write_statistics': False}
    # Two row groups.
    pq.write_table(table, here / f'{compression}.parquet', row_group_size=3, **options)
pq.write_table(pa.table({'a': [1, 2], 'parts': [[1], [2, 3]]}), here / 'list.parquet')
pq.write_table(pa.table({'a': [1, 2], 'parts': [{'x': 1}, {'x': 2}]}), here / 'struct.parquet')
pq.write_table(pa.table({'a': [1.0, float('inf')], 'b': ['x', 'y']}), here / 'infinite.parquet')
pq.write_table(pa.table({'a': [1.0, 2.0], 'b': [b'\xff\xfe', b'x']}), here / 'binary.parquet')
