import { expect } from 'chai';
import fs from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import ts from 'typescript';

// Who may import whom. The walls are what makes the claims of the README checkable: src/ sees tfjs-core only, which has no
// gradients, so every gradient in here is written by hand; and only the command line prints.

const root = path.join(__dirname, '..');

/** Parts of the house, and what each may import: other parts (type: types only), `node` for built-ins, packages by name. */
const RULES: Record<string, readonly string[]> = {
  'src/errors': [],
  'src/files': ['node', 'src/errors'],
  'src/random': ['pure-rand'],
  'src/nn': ['@tensorflow/tfjs-core', 'src/random'],
  'src/optim': ['@tensorflow/tfjs-core'],
  'src/training': ['@tensorflow/tfjs-core', 'src/errors', 'src/random', 'src/nn', 'src/optim', 'type:src/data'],
  'src/data': ['node', 'src/errors', 'src/random', 'datasets', 'csv-parse', 'undici', 'zod', 'src/files', 'sharp'],
  'src/backends': [
    'node',
    'src/errors',
    'src/files',
    '@tensorflow/tfjs-core',
    '@tensorflow/tfjs-backend-cpu',
    '@tensorflow/tfjs-backend-wasm',
    '@tensorflow/tfjs-node',
    '@tensorflow/tfjs-node-gpu',
  ],
  'src/doctor': ['node', 'src/errors', 'src/random', 'src/backends', 'src/data', '@tensorflow/tfjs-core'],
  'src/setup': ['node', 'src/errors', 'src/files', 'src/backends', 'execa'],
  'src/runs': [
    'node',
    'zod',
    'src/errors',
    'src/random',
    'src/nn',
    'src/optim',
    'src/training',
    'src/data',
    'src/files',
    '@tensorflow/tfjs-core',
    'protobufjs',
    '@aws-crypto/crc32c',
  ],
  'src/sweeps': [
    'node',
    'src/errors',
    'src/files',
    'src/random',
    'src/runs',
    'type:src/training',
    'bullmq',
    'execa',
    'ioredis',
    'zod',
  ],
  'src/reports': [
    'node',
    'src/errors',
    'src/training',
    'src/data',
    'src/files',
    'src/runs',
    'pngjs',
    'vega',
    'vega-lite',
    '@resvg/resvg-js',
  ],
  'src/export': ['node', 'src/errors', 'src/files', 'src/runs', 'protobufjs', 'type:src/data', 'type:src/nn'],
  'src/loadDataFashionMnist': ['src/random', 'src/data', 'src/training'],
  'src/index': [
    'src/errors',
    'src/random',
    'src/nn',
    'src/optim',
    'src/training',
    'src/data',
    'src/backends',
    'src/runs',
    'src/loadDataFashionMnist',
  ],
  cli: [
    'node',
    'cli',
    'src',
    'yargs',
    'zod',
    'yaml',
    'cli-progress',
    'cli-table3',
    'picocolors',
    'asciichart',
    'fastest-levenshtein',
    'type:ioredis',
    // A checkout translates itself once, for the trials of sweeps.
    'typescript',
    // bench starts programs and draws a chart.
    'execa',
    'type:vega-lite',
    'package.json',
    '@tensorflow/tfjs-core',
  ],
};

const files = ['src', 'cli'].flatMap((folder) =>
  (fs.readdirSync(path.join(root, folder), { recursive: true }) as string[])
    .filter((file) => file.endsWith('.ts'))
    .map((file) => path.join(folder, file)),
);

const read = (file: string) => fs.readFileSync(path.join(root, file), 'utf8');

/** The part of the house that a file, named from the root, belongs to. */
const partOf = (file: string) => {
  const [top, second] = file.split(path.sep);
  return top === 'src' ? `src/${path.basename(second!, '.ts')}` : top!;
};

interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
}

function importsOf(file: string): Import[] {
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      const clause = node.importClause;
      const named =
        clause?.namedBindings && ts.isNamedImports(clause.namedBindings) ? clause.namedBindings.elements : [];
      const allTypes = named.length > 0 && !clause?.name && named.every((element) => element.isTypeOnly);
      found.push({
        from: node.moduleSpecifier.text,
        typeOnly: clause?.phaseModifier === ts.SyntaxKind.TypeKeyword || allTypes,
      });
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
      found.push({ from: node.moduleSpecifier.text, typeOnly: node.isTypeOnly });
    } else if (ts.isCallExpression(node) && node.arguments[0] && ts.isStringLiteral(node.arguments[0])) {
      const callee = node.expression;
      const loads =
        callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require');
      if (loads) found.push({ from: node.arguments[0].text, typeOnly: false });
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true));
  return found;
}

/** What an import reaches, in the words of RULES. */
function reached(file: string, from: string): string {
  if (from.startsWith('.')) {
    const target = path.relative(root, path.join(root, path.dirname(file), from));
    return target.startsWith(`src${path.sep}`) ? partOf(target) : target.split(path.sep)[0]!;
  }
  const bare = from.replace(/^node:/, '');
  if (from.startsWith('node:') || builtinModules.includes(bare)) return 'node';
  return from.split('/', from.startsWith('@') ? 2 : 1).join('/');
}

function allowed(file: string, { from, typeOnly }: Import): boolean {
  const own = partOf(file);
  const target = reached(file, from);
  const rules = RULES[own] ?? [];
  return (
    target === own ||
    rules.includes(target) ||
    (typeOnly && rules.includes(`type:${target}`)) ||
    (target.startsWith('src/') && rules.includes('src'))
  );
}

describe('the architecture', () => {
  it('every file belongs to a part with rules, and every part exists', () => {
    expect(new Set(files.map(partOf))).to.deep.equal(new Set(Object.keys(RULES)));
  });

  for (const file of files) {
    it(`${file} imports what its part may`, () => {
      const forbidden = importsOf(file).filter((found) => !allowed(file, found));
      expect(forbidden.map(({ from }) => from)).to.deep.equal([]);
    });
  }

  it('the rules would catch a wrong import', () => {
    const nn = path.join('src', 'nn', 'mlp.ts');
    expect(allowed(nn, { from: '../optim/sgd', typeOnly: false })).to.be.false;
    expect(allowed(nn, { from: '@tensorflow/tfjs', typeOnly: false })).to.be.false;
    expect(allowed(nn, { from: 'node:fs', typeOnly: false })).to.be.false;
    expect(allowed(path.join('src', 'training', 'train.ts'), { from: '../data/idx', typeOnly: false })).to.be.false;
    expect(allowed(path.join('src', 'training', 'train.ts'), { from: '../data/samples', typeOnly: true })).to.be.true;
    expect(allowed(path.join('src', 'data', 'idx.ts'), { from: '../../cli/options', typeOnly: false })).to.be.false;
  });

  it('no gradient, optimizer or layer of TensorFlow.js is used', () => {
    const words = /\btf\s*\.\s*(grads?|valueAndGrads?|variableGrads|customGrad|train|layers|sequential|model|losses)\b/;
    expect(words.test('const g = tf.grad(f)')).to.be.true;
    expect(files.filter((file) => words.test(read(file)))).to.deep.equal([]);
  });

  it('nothing in src/ prints, reads the command line, or ends the process', () => {
    const words = /\bconsole\s*\.|process\s*\.\s*(std(out|err)|argv|exit)\b/;
    expect(words.test('process.stdout.write("x")')).to.be.true;
    const uncommented = (file: string) => read(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
    expect(files.filter((file) => file.startsWith('src') && words.test(uncommented(file)))).to.deep.equal([]);
  });

  it('every exported function of src/ has a docstring', () => {
    const bare: string[] = [];
    for (const file of files.filter((name) => name.startsWith('src'))) {
      const source = ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true);
      source.forEachChild((node) => {
        const exported =
          ts.canHaveModifiers(node) && ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
        if (
          !exported ||
          !(ts.isFunctionDeclaration(node) || ts.isVariableStatement(node) || ts.isClassDeclaration(node))
        )
          return;
        if (ts.getJSDocCommentsAndTags(node).length === 0) bare.push(`${file}: ${node.getText(source).slice(0, 60)}`);
      });
    }
    expect(bare).to.deep.equal([]);
  });
});
