import { expect } from 'chai';
import fs from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import ts from 'typescript';
import { architectureSvg, ROWS } from '../docs/pictures/architecture';

// Who may import whom. The walls are what makes the claims of the README checkable: src/ sees tfjs-core only,
// which has no gradients, so every gradient in here is written by hand; and only the command line prints.

const root = path.join(__dirname, '..');

/**
 * The rooms of the house, and what each may import: other rooms by name (`type:` types only), all of `src`, `node` for
 * built-ins, packages. Whoever may import errors may import the words that their sentences are made of. A file belongs
 * to the room with the longest name that holds it, and a room may use the rooms in it.
 */
const RULES: Record<string, readonly string[]> = {
  'src/errors': ['src/words'],
  'src/words': ['fastest-levenshtein'],
  'src/kinds': [],
  'src/files': ['node', 'tinyglobby', 'yaml', 'zod', 'src/errors', 'src/words'],
  'src/random': ['pure-rand'],
  'src/nn': ['@tensorflow/tfjs-core', 'src/random'],
  'src/optim': ['@tensorflow/tfjs-core'],
  'src/training': ['@tensorflow/tfjs-core', 'src/errors', 'src/random', 'src/nn', 'src/optim', 'type:src/data'],
  'src/data': ['node', 'zod', 'datasets', 'src/errors', 'src/files', 'src/random'],
  'src/data/tables': [
    ...['node', 'fzstd', 'hyparquet', 'hyparquet-compressors', 'zod', 'src/data', 'src/data/download'],
    ...['src/errors', 'src/files', 'src/random', 'src/words'],
  ],
  'src/data/download': ['node', 'undici', 'src/data', 'src/errors', 'src/files'],
  'src/data/formats': ['node', 'sharp', 'src/data', 'src/data/download', 'src/errors', 'src/files', 'src/random'],
  'src/backends': ['node', 'src/errors', '@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-cpu'],
  // One backend knows nothing of another.
  'src/backends/tensorflow': [
    'node',
    'koffi',
    'src/backends',
    'src/errors',
    'src/files',
    'type:@tensorflow/tfjs-core',
    '@tensorflow/tfjs-node',
    '@tensorflow/tfjs-node-gpu',
  ],
  'src/backends/tensorflow/setup': [
    ...['node', 'execa', 'src/backends', 'src/backends/tensorflow', 'src/errors', 'src/files'],
  ],
  'src/backends/device': ['node', 'src/backends', 'type:@tensorflow/tfjs-core'],
  'src/backends/device/native': ['node', 'koffi', 'src/backends', 'src/backends/device', 'src/errors', 'src/files'],
  'src/backends/device/cuda': ['node', 'koffi', 'src/backends', 'src/backends/device', 'src/errors', 'src/files'],
  'src/backends/wasm': ['node', 'src/backends', 'type:@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm'],
  'src/backends/webgpu': ['node', 'src/backends', 'src/errors', 'type:@tensorflow/tfjs-core'],
  'src/doctor': [
    ...['node', '@tensorflow/tfjs-core', 'src/errors', 'src/random', 'src/backends', 'src/backends/tensorflow'],
    ...['src/backends/device/native', 'src/backends/device/cuda', 'src/data', 'src/data/download'],
  ],
  'src/model': ['node', 'src/errors', 'src/files', 'src/nn', '@tensorflow/tfjs-core'],
  'src/model/export': [
    'node',
    'protobufjs',
    'src/errors',
    'src/files',
    'type:src/model',
    'type:src/data',
    'src/data/tables',
    'type:src/nn',
  ],
  'src/pictures': ['pngjs', 'type:src/data'],
  'src/runs': [
    ...['node', 'zod', '@tensorflow/tfjs-core'],
    ...['src/errors', 'src/files', 'src/random', 'src/nn', 'src/optim', 'src/training', 'src/data', 'src/model'],
    ...['src/backends', 'src/kinds', 'src/words', 'src/data/tables', 'type:src/data/download'],
  ],
  'src/runs/tensorboard': [
    ...['@tensorflow/tfjs-core', 'node', 'protobufjs', '@aws-crypto/crc32c'],
    ...['src/data', 'src/files', 'src/model', 'src/nn', 'src/optim', 'src/pictures', 'src/training', 'src/runs'],
  ],
  'src/sweeps': [
    ...['node', 'execa', 'type:ioredis', 'src/data', 'src/data/download', 'src/errors', 'src/files', 'src/runs'],
  ],
  'src/sweeps/spec': ['node', 'zod', 'src/errors', 'src/kinds', 'src/random', 'src/runs', 'src/words'],
  'src/sweeps/state': ['node', 'zod', 'src/errors', 'src/files', 'src/random', 'src/sweeps/spec'],
  'src/sweeps/workers': [
    ...['node', 'execa', 'src/backends', 'src/errors', 'src/files', 'src/runs'],
    ...['src/sweeps', 'src/sweeps/spec', 'src/sweeps/state'],
  ],
  'src/sweeps/workers/queue': [
    ...['node', 'zod', 'bullmq', 'ioredis', 'src/errors', 'src/sweeps', 'src/sweeps/spec', 'src/sweeps/state'],
    ...['src/runs', 'src/sweeps/workers', 'src/backends', 'src/words'],
  ],
  'src/reports': [
    ...['node', 'vega', 'vega-lite', '@resvg/resvg-js', 'src/errors', 'src/files', 'src/inference', 'src/model'],
    ...['src/model/export', 'src/pictures', 'src/runs', 'src/sweeps', 'src/sweeps/state', 'src/training'],
    ...['type:src/data', 'type:src/nn'],
  ],
  'src/collection': [
    ...['node', 'src/errors', 'src/files', 'src/reports', 'src/runs', 'src/sweeps', 'src/sweeps/spec'],
    ...['src/sweeps/state'],
  ],
  'src/inference': [
    ...['@tensorflow/tfjs-core', 'node', 'src/backends', 'src/data', 'src/data/formats', 'src/errors', 'src/model'],
    ...['src/data/tables', 'src/model/export', 'src/nn', 'src/pictures', 'src/runs', 'src/training'],
  ],
  'src/loadDataFashionMnist': ['src/random', 'src/data', 'src/training'],
  // Checked at the border of the public API, for callers outside.
  'src/arguments': ['src/errors', 'src/kinds', 'src/random', 'src/runs', 'src/words'],
  // The public API.
  'src/index': ['src'],

  'cli/main': ['node', 'src/errors', 'cli/exitCodes', 'cli/run', 'cli/stopping', 'cli/terminal'],
  'cli/run': ['src/errors', 'cli/arguments', 'cli/commands', 'cli/exitCodes', 'cli/stopping', 'cli/terminal'],
  'cli/exitCodes': ['src/errors'],
  'cli/stopping': ['node', 'koffi'],
  'cli/commandNames': [],
  // Loads parts of the house when a command runs.
  'cli/library': ['src', 'bench/measure'],
  'cli/terminal': [
    ...['node', 'src/words', 'cli/commandNames', 'cli-progress', 'cli-table3', 'picocolors', 'asciichart'],
  ],
  'cli/arguments': ['node', 'src', 'yargs', 'cli/commandNames', 'cli/terminal'],
  'cli/screens': ['node', 'src', 'cli/arguments', 'cli/library', 'cli/terminal'],
  'cli/commands': [
    ...['node', 'src', 'type:ioredis', 'bench/measure', 'type:cli/commandNames'],
    ...['cli/arguments', 'cli/exitCodes', 'cli/library', 'cli/screens', 'cli/stopping', 'cli/terminal'],
  ],
  // The build of the book, and its page. Of the page, only the worker computes; it sees what src/nn sees.
  book: [
    ...['node', 'esbuild', 'katex', 'typescript', 'src/backends', 'src/data', 'src/errors', 'src/nn', 'src/optim'],
    ...['src/random', 'src/training', 'book/page'],
  ],
  'book/page': ['src/words', 'book/page/engine'],
  'book/page/engine': [
    ...['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm', '@tensorflow/tfjs-backend-webgl'],
    ...['@tensorflow/tfjs-backend-webgpu', 'src/backends/wasm', 'src/errors', 'src/nn', 'src/optim', 'src/random'],
    ...['src/training', 'type:src/data', 'type:book/page'],
  ],
  'bench/measure': ['node', 'src', 'zod', 'execa', 'type:vega-lite', '@tensorflow/tfjs-core', 'cli/terminal'],
};

const files = ['src', 'cli', 'book', path.join('bench', 'measure')].flatMap((folder) =>
  (fs.readdirSync(path.join(root, folder), { recursive: true }) as string[])
    .filter((file) => file.endsWith('.ts'))
    .map((file) => path.join(folder, file)),
);

const read = (file: string) => fs.readFileSync(path.join(root, file), 'utf8');

/** The room that a file, named from the root, belongs to; the top folder when there is none. */
function roomOf(file: string): string {
  const name = file.replace(/\.ts$/, '').split(path.sep).join('/');
  const holding = Object.keys(RULES).filter((room) => within(name, room));
  return holding.reduce((longest, room) => (room.length > longest.length ? room : longest), '') || name.split('/')[0]!;
}

const within = (name: string, room: string) => name === room || name.startsWith(`${room}/`);

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

/** The file of the house that an import reaches, if it is one. */
function fileReached(file: string, from: string): string | undefined {
  if (!from.startsWith('.')) return undefined;
  const target = path.join(path.dirname(file), from);
  return [`${target}.ts`, path.join(target, 'index.ts')].find((candidate) => files.includes(candidate));
}

/** What an import reaches: a path from the root, `node`, or a package. */
function reached(file: string, from: string): string {
  if (from.startsWith('.')) return fileReached(file, from) ?? path.join(path.dirname(file), from);
  const bare = from.replace(/^node:/, '');
  if (from.startsWith('node:') || builtinModules.includes(bare)) return 'node';
  return from.split('/', from.startsWith('@') ? 2 : 1).join('/');
}

function allowed(file: string, { from, typeOnly }: Import): boolean {
  const own = roomOf(file);
  const target = reached(file, from);
  const room = from.startsWith('.') ? roomOf(target) : target;
  return (
    within(room, own) ||
    RULES[own]!.some(
      (rule) =>
        rule === room ||
        (rule === 'src' && within(room, 'src')) ||
        (rule === 'src/errors' && room === 'src/words') ||
        (typeOnly && rule === `type:${room}`),
    )
  );
}

/** The names that a file exports from other files, by the file that defines them. */
function reexports(file: string): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true).forEachChild((node) => {
    if (!ts.isExportDeclaration(node) || !node.moduleSpecifier || !ts.isStringLiteral(node.moduleSpecifier)) return;
    if (!node.exportClause || !ts.isNamedExports(node.exportClause)) return;
    const defining = fileReached(file, node.moduleSpecifier.text)!;
    const names = node.exportClause.elements.map(({ name, propertyName }) => (propertyName ?? name).text);
    found.set(defining, new Set([...(found.get(defining) ?? []), ...names]));
  });
  return found;
}

/** What a file of the command line takes from the library: the file it names, and the name. */
function takenFromLibrary(file: string): { from: string; name: string }[] {
  const found: { from: string; name: string }[] = [];
  const take = (specifier: string, names: readonly string[]) => {
    const from = fileReached(file, specifier);
    if (from?.startsWith('src')) found.push(...names.map((name) => ({ from, name })));
  };
  const namesOf = (pattern: ts.BindingName) =>
    ts.isObjectBindingPattern(pattern)
      ? pattern.elements.map(({ name, propertyName }) => (propertyName ?? name).getText())
      : ['*'];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      const bindings = node.importClause?.namedBindings;
      const named = bindings && ts.isNamedImports(bindings) ? bindings.elements : undefined;
      take(node.moduleSpecifier.text, named?.map(({ name, propertyName }) => (propertyName ?? name).text) ?? ['*']);
    } else if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const { expression: object, name: part } = node.expression;
      if (ts.isIdentifier(object) && object.text === 'library') {
        const { parent } = node;
        const names = ts.isPropertyAccessExpression(parent)
          ? [parent.name.text]
          : ts.isVariableDeclaration(parent)
            ? namesOf(parent.name)
            : ['*'];
        const from = LIBRARY.get(part.text)!;
        if (from.startsWith('src')) found.push(...names.map((name) => ({ from, name })));
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true));
  return found;
}

/** The parts of `cli/library.ts`, which loads the library when a command runs: the file of each. */
const LIBRARY = new Map(
  [...read('cli/library.ts').matchAll(/(\w+): \(\) =>\s*require\('(.+?)'\)/g)].map(
    ([, part, from]) => [part!, fileReached(path.join('cli', 'library.ts'), from!)!] as const,
  ),
);

/**
 * Sets of files that can each be reached from all others of their set (Tarjan's strongly connected components), sorted.
 */
function circlesOf(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const number = new Map<string, number>();
  const stack: string[] = [];
  const visit = (file: string): number => {
    const own = number.size;
    number.set(file, own);
    const place = stack.push(file) - 1;
    let lowest = own;
    for (const next of imports.get(file) ?? []) {
      if (!number.has(next)) lowest = Math.min(lowest, visit(next));
      else if (stack.includes(next)) lowest = Math.min(lowest, number.get(next)!);
    }
    if (lowest === own) {
      const members = stack.splice(place);
      if (members.length > 1 || imports.get(file)?.includes(file)) found.push(members.sort());
    }
    return lowest;
  };
  for (const file of imports.keys()) if (!number.has(file)) visit(file);
  return found;
}

/** What a room may import, as docs/architecture.md has it. */
function rowOf([room, rules]: [string, readonly string[]]): string {
  const isRoom = (rule: string) => /^(src|cli|book|bench)(\/|$)/.test(rule);
  const bare = (rule: string) => rule.replace('type:', '');
  const shown = (rule: string) => `\`${bare(rule)}\`${rule.startsWith('type:') ? ' (types)' : ''}`;
  const named = rules.filter((rule) => rule !== 'node');
  const rooms = named.filter((rule) => isRoom(bare(rule))).sort((a, b) => (bare(a) < bare(b) ? -1 : 1));
  const packages = named.filter((rule) => !isRoom(bare(rule)) && rule !== 'datasets').sort();
  const rest = [...(rules.includes('datasets') ? ['`datasets`'] : []), ...(rules.includes('node') ? ['node'] : [])];
  return `| \`${room}\` | ${[...rooms.map(shown), ...rest, ...packages.map(shown)].join(', ')} |`;
}

describe('the architecture', () => {
  it('every file belongs to a room with rules, and every room with rules exists', () => {
    expect(new Set(files.map(roomOf))).to.deep.equal(new Set(Object.keys(RULES)));
  });

  it('no file imports itself by way of others, be it types only, be it when a function runs', () => {
    const targets = (file: string) => importsOf(file).flatMap(({ from }) => fileReached(file, from) ?? []);
    expect(circlesOf(new Map(files.map((file) => [file, targets(file)])))).to.deep.equal([]);
  });

  it('finds circles', () => {
    const graph = { a: ['b', 'd'], b: ['c'], c: ['a'], d: ['e'], e: ['e'], f: ['a', 'd'] };
    expect(circlesOf(new Map(Object.entries(graph)))).to.have.deep.members([['a', 'b', 'c'], ['e']]);
  });

  for (const file of files) {
    it(`${file} imports what its room may`, () => {
      const forbidden = importsOf(file).filter((found) => !allowed(file, found));
      expect(forbidden.map(({ from }) => from)).to.deep.equal([]);
    });
  }

  it('the command line takes from the library only what src/index.ts exports', () => {
    const exported = reexports(path.join('src', 'index.ts'));
    const isPublic = ({ from, name }: { from: string; name: string }): boolean =>
      exported.get(from)?.has(name) === true ||
      (path.basename(from) === 'index.ts' &&
        [...reexports(from)].some(([defining, names]) => names.has(name) && isPublic({ from: defining, name })));
    const hidden = files
      .filter((file) => file.startsWith('cli') && file !== path.join('cli', 'library.ts'))
      .flatMap((file) => takenFromLibrary(file).map((taken) => ({ file, ...taken })))
      .filter((taken) => !isPublic(taken));
    expect(hidden.map(({ file, from, name }) => `${file} takes ${name} from ${from}`)).to.deep.equal([]);
    expect(isPublic({ from: path.join('src', 'reports', 'html.ts'), name: 'raw' })).to.be.false;
    expect(isPublic({ from: path.join('src', 'sweeps', 'index.ts'), name: 'runSweep' })).to.be.true;
  });

  it('the rules would catch a wrong import', () => {
    const may = (file: string, from: string, typeOnly = false) => allowed(path.normalize(file), { from, typeOnly });
    expect(may('src/nn/linear.ts', '../optim/sgd')).to.be.false;
    expect(may('src/nn/linear.ts', '@tensorflow/tfjs')).to.be.false;
    expect(may('src/nn/linear.ts', 'node:fs')).to.be.false;
    expect(may('src/training/train.ts', '../data/samples')).to.be.false;
    expect(may('src/training/train.ts', '../data/samples', true)).to.be.true;
    expect(may('src/data/formats/idx.ts', '../../../cli/arguments/options')).to.be.false;
    expect(may('src/backends/wasm/wasm.ts', '../webgpu/errors')).to.be.false;
    expect(may('src/backends/wasm/wasm.ts', '../processors')).to.be.true;
    expect(may('cli/terminal/table.ts', '../commands')).to.be.false;
    expect(may('cli/terminal/table.ts', '../../src/runs/config')).to.be.false;
    expect(may('cli/screens/training.ts', '../commands/train')).to.be.false;
    expect(may('cli/commands/train.ts', '../screens/training')).to.be.true;
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

describe('docs/architecture.md', () => {
  const page = read('docs/architecture.md');
  /** The text below each heading that names a room. */
  const sections = new Map(
    [...page.matchAll(/^### `(.+?)`\n(.*?)(?=^##)/gms)].map(([, room, text]) => [room!, text!] as const),
  );
  const isFile = (room: string) => fs.existsSync(path.join(root, `${room}.ts`));
  const folderOf = (room: string) => room.replace('/*.ts', '');
  const filesNamed = (text: string) => [...text.matchAll(/`([\w/-]+\.(?:ts|cpp|h))`/g)].map(([, name]) => name!);

  it('has a paragraph for every room of src/, cli/ and book/, and for no other', () => {
    const folders = Object.keys(RULES).filter((room) => !isFile(room) && !room.startsWith('bench'));
    expect([...sections.keys()].sort()).to.deep.equal(['cli/*.ts', 'src/*.ts', ...folders].sort());
  });

  it('names every room that is a file where its folder is described', () => {
    const missing = Object.keys(RULES).filter((room) => {
      const section = sections.get(path.dirname(room)) ?? sections.get(`${path.dirname(room)}/*.ts`);
      return isFile(room) && !filesNamed(section ?? '').includes(`${path.basename(room)}.ts`);
    });
    expect(missing).to.deep.equal([]);
  });

  it('names only files that exist', () => {
    for (const [room, text] of sections) {
      const lost = filesNamed(text).filter((name) => !fs.existsSync(path.join(root, folderOf(room), name)));
      expect(lost, room).to.deep.equal([]);
    }
  });

  it('finds every function of the way of a batch in its file', () => {
    const way = [...page.matchAll(/^\| \d? ?\| `(\w+)` \| \[`(.+?)`\]/gm)];
    expect(way).to.have.length.above(15);
    const lost = way.filter(
      ([, name, file]) => !new RegExp(`export (async )?function\\*? ${name!}\\b`).test(read(file!)),
    );
    expect(lost.map(([, name, file]) => `${name!} in ${file!}`)).to.deep.equal([]);
  });

  it('says who may import whom, as the rules do', () => {
    const rows = page.split('\n').filter((line) => /^\| `(src|cli|book|bench)/.test(line));
    expect(rows).to.deep.equal(Object.entries(RULES).map(rowOf));
  });

  it('has the picture that its script draws (npm run architecture)', () => {
    expect(read('docs/pictures/architecture.svg')).to.equal(architectureSvg());
  });

  it('draws every room above those it imports', () => {
    const places = new Map(
      ROWS.flatMap((row, y) =>
        row.flatMap(({ rooms }, x) => {
          const place = { x, y };
          return rooms.map((room) => [room, place] as const);
        }),
      ),
    );
    const placeOf = (room: string) => {
      const held = [...places.keys()].filter((one) => within(room, one)).sort((a, b) => b.length - a.length)[0];
      return held === undefined || !isDrawn(room) ? undefined : places.get(held);
    };
    // The files of the process itself are not drawn, nor the names of flags, which know settings only.
    const isDrawn = (room: string) => !isFile(room) || places.has(room);
    const undrawn = Object.keys(RULES).filter((room) => isDrawn(room) && !placeOf(room));
    expect(undrawn).to.deep.equal(['book', 'book/page', 'book/page/engine', 'bench/measure']);
    const upward = Object.entries(RULES).flatMap(([room, rules]) =>
      rules.flatMap((rule) => {
        const [from, to] = [placeOf(room), placeOf(rule.replace('type:', ''))];
        if (!from || !to || to.y > from.y || from === to) return [];
        return to.y === from.y && to.x > from.x && room.startsWith('cli') ? [] : [`${room} imports ${rule}`];
      }),
    );
    expect(upward).to.deep.equal([]);
  });
});
