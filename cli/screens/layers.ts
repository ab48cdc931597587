import type { NetworkSummary } from '../../src/model/networkSummary';
import { formatBytes, formatCount, plural } from '../../src/words';
import { table } from '../terminal/table';

/** The layers of a network as a table, and their totals. @param width the width that they should fit into */
export function layerTable({ layers, parameters, statistics, bytes }: NetworkSummary, width: number): string {
  const rows = layers.map((layer) => [
    layer.name,
    `[n, ${layer.width}]`,
    layer.parameters === 0 ? '' : formatCount(layer.parameters),
    layer.activation ?? '',
  ]);
  return [
    table(['Layer', 'Output', 'Parameters', 'Activation'], rows, 'llrl', { width, drop: [3] }),
    `Total: ${plural(parameters, 'parameter')}` +
      (statistics > 0 ? ` and ${formatCount(statistics)} running statistics` : '') +
      `, ${formatBytes(bytes)}`,
  ].join('\n');
}
