import type { PreparedCategory, PreparedColumn, PreparedNumber } from '../../data/samples';
import { inputsOf } from '../../data/tables/preparation';
import { isMissing, missingTexts } from '../../data/tables/table';
import { DATA_TYPES, type Graph, int, ints, type Node, tensor, texts, type Value } from './onnxProto';

/**
 * How the rows of a table become inputs of the network, as part of an ONNX graph: `prepareRows` in its operators. All
 * numbers are standardized together, in float64.
 * @param named makes the names inside the graph unique
 * @returns inputs are the columns; `output` is the name of the prepared rows, float [n, inputs of the network]
 */
export function preparationGraph(
  columns: readonly PreparedColumn[],
  named: (name: string) => string,
): Pick<Graph, 'nodes' | 'constants' | 'inputs'> & { readonly output: string } {
  const numbers = columns.filter((column): column is PreparedNumber => column.type !== 'category');
  const categories = columns.filter((column): column is PreparedCategory => column.type === 'category');
  const parts = [...(numbers.length > 0 ? [numberGraph(numbers, named)] : [])];
  const each = categories.map((column, i) => categoryGraph(column, named, `category${i + 1}`));
  const order = inputOrder(columns, numbers.length);
  const output = named('X');
  return {
    inputs: columns.map(({ name, type }): Value => ({
      name,
      type: type === 'category' ? 'string' : 'double',
      width: 1,
    })),
    nodes: [
      ...[...parts, ...each].flatMap(({ nodes }) => nodes),
      {
        opType: 'Concat',
        input: [...parts, ...each].flatMap(({ outputs }) => outputs),
        output: [named('parts')],
        attribute: [int('axis', 1)],
      },
      { opType: 'Gather', input: [named('parts'), named('order')], output: [output], attribute: [int('axis', 1)] },
    ],
    constants: [
      ...[...parts, ...each].flatMap(({ constants }) => constants),
      tensor(named('order'), BigInt64Array.from(order, BigInt), [order.length]),
    ],
    output,
  };
}

/** For each input of the network, its place among all numbers, then whether each is missing, then the categories. */
function inputOrder(columns: readonly PreparedColumn[], numbers: number): number[] {
  let number = 0;
  let category = 2 * numbers;
  return columns.flatMap((column) => {
    if (column.type !== 'category') {
      const at = number++;
      return column.indicator ? [at, numbers + at] : [at];
    }
    const first = category;
    const places = inputsOf(column);
    category += places;
    return Array.from({ length: places }, (_, i) => first + i);
  });
}

interface Part extends Pick<Graph, 'nodes' | 'constants'> {
  readonly outputs: readonly string[];
}

function numberGraph(columns: readonly PreparedNumber[], named: (name: string) => string): Part {
  const k = columns.length;
  const constant = (name: 'median' | 'mean' | 'std') =>
    tensor(
      named(`numbers/${name}`),
      Float64Array.from(columns, (column) => column[name]),
      [k],
    );
  const at = (name: string) => named(`numbers/${name}`);
  const cast = (from: string, to: string): Node => ({
    ...{ opType: 'Cast', input: [at(from)], output: [at(to)], attribute: [int('to', DATA_TYPES.float)] },
  });
  return {
    nodes: [
      { opType: 'Concat', input: columns.map(({ name }) => name), output: [at('raw')], attribute: [int('axis', 1)] },
      { opType: 'IsNaN', input: [at('raw')], output: [at('isMissing')] },
      { opType: 'Where', input: [at('isMissing'), at('median'), at('raw')], output: [at('filled')] },
      { opType: 'Sub', input: [at('filled'), at('mean')], output: [at('centered')] },
      { opType: 'Div', input: [at('centered'), at('std')], output: [at('standardized')] },
      cast('standardized', 'X'),
      cast('isMissing', 'indicators'),
    ],
    constants: [constant('median'), constant('mean'), constant('std')],
    outputs: [at('X'), at('indicators')],
  };
}

function categoryGraph(column: PreparedCategory, named: (name: string) => string, called: string): Part {
  const { name, categories, rare, missing } = column;
  const at = (part: string) => named(`${called}/${part}`);
  const places = inputsOf(column);
  const rest = categories.length;
  const other = rare ? rest : -1;
  const known = categories.flatMap((category, place) => (isMissing(category) ? [] : [{ category, place }]));
  const empty = missing ? rest + Number(rare) : other;
  const absent = missingTexts();
  const codes = [
    texts('keys_strings', [...known.map(({ category }) => category), ...absent]),
    ints('values_int64s', [...known.map(({ place }) => place), ...absent.map(() => empty)]),
    int('default_int64', other),
  ];
  return {
    nodes: [
      { opType: 'LabelEncoder', domain: 'ai.onnx.ml', input: [name], output: [at('code')], attribute: codes },
      { opType: 'Equal', input: [at('code'), at('places')], output: [at('isThis')] },
      { opType: 'Cast', input: [at('isThis')], output: [at('X')], attribute: [int('to', DATA_TYPES.float)] },
    ],
    constants: [
      tensor(
        at('places'),
        BigInt64Array.from({ length: places }, (_, i) => BigInt(i)),
        [1, places],
      ),
    ],
    outputs: [at('X')],
  };
}
