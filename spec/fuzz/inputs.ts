import { readdirSync, readFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

// Where the program takes in what others wrote, derived from the sources; and which of it was reached by fuzzers, as V8
// counts it.

const ROOT = join(__dirname, '../..');
/** What belongs to this machine: compilers, drivers, libraries. */
const OWN = /^src\/(backends|doctor)\//;

/** Functions that give bytes, texts or parsed values of others: of Node, of packages, of src/files. */
const TAKING = new Set([
  ...['readWhole', 'readOwn', 'openOwn', 'startOf'],
  ...['readFile', 'readFileSync', 'readSync', 'open', 'openSync', 'createReadStream', 'createInterface'],
  ...['gunzip', 'gunzipSync', 'gunzipStart', 'inflate', 'createGunzip', 'Decompress', 'sharp'],
  ...['parseDocument', 'parquetMetadataAsync', 'parquetScan', 'parquetSchema'],
  ...['createServer', 'fetch', 'request', 'execa', 'execFile', 'execFileSync', 'spawn', 'spawnSync', 'runScript'],
]);
/** The same as methods, whatever they belong to. */
const METHODS = new Set([
  ...['safeParse', 'createReadStream', 'dispatch'],
  ...['hgetall', 'mget', 'smembers', 'lrange', 'zrange', 'getNextJob', 'fromId'],
]);
/** The same as methods of these. */
const MEMBERS = /^(JSON\.parse|(handle|file)\.read(File)?|\w*[dD]ecoder.*\.decode|new TextDecoder\(.*\.decode)$/s;

/** The functions of src/ and cli/ that call one of them, as `file function`: the outermost that has a name. */
export function takingInput(): string[] {
  const found = new Set<string>();
  for (const part of ['src', 'cli']) {
    const names = readdirSync(join(ROOT, part), { recursive: true, encoding: 'utf8' });
    for (const name of names.filter((one) => one.endsWith('.ts'))) {
      const file = `${part}/${name.replaceAll('\\', '/')}`;
      if (!OWN.test(file)) for (const one of takingIn(join(ROOT, file))) found.add(`${file} ${one}`);
    }
  }
  return [...found].sort();
}

function takingIn(path: string): Set<string> {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const imported = importedBy(source);
  const found = new Set<string>();
  const visit = (node: ts.Node) => {
    const isCall = ts.isCallExpression(node) || ts.isNewExpression(node);
    if (isCall && isTaking(node.expression, imported)) found.add(nameOf(node));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** The names that a file has from others. */
function importedBy(source: ts.SourceFile): Set<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node) => {
    if (ts.isImportSpecifier(node)) names.add(node.name.text);
    // Also what is loaded where it is needed, and `sharp`, which a function of the file loads.
    if (ts.isVariableDeclaration(node) && /\b(require|import|load\w*)\(/.test(node.initializer?.getText() ?? '')) {
      for (const name of node.name.getText().match(/\w+/g) ?? []) names.add(name);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return names;
}

function isTaking(called: ts.Expression, imported: ReadonlySet<string>): boolean {
  if (ts.isIdentifier(called)) return TAKING.has(called.text) && (imported.has(called.text) || called.text === 'fetch');
  // promisify(execFile)(…)
  if (ts.isCallExpression(called)) return called.arguments.some((one) => isTaking(one, imported));
  return ts.isPropertyAccessExpression(called) && (METHODS.has(called.name.text) || MEMBERS.test(called.getText()));
}

/** The outermost function around a node that has a name. */
function nameOf(node: ts.Node): string {
  let name = '(the module)';
  for (let one: ts.Node = node; !ts.isSourceFile(one); one = one.parent) {
    if (ts.isFunctionDeclaration(one) && one.name) name = one.name.text;
    const isAssigned =
      (ts.isArrowFunction(one) || ts.isFunctionExpression(one)) && ts.isVariableDeclaration(one.parent);
    if (isAssigned) name = (one.parent as ts.VariableDeclaration).name.getText();
  }
  return name;
}

/** Counts the calls of functions, as long as some work lasts: V8 optimizes less while it counts. */
export function callCounter() {
  const counts = new Map<string, number>();
  return {
    /** How often each function was called, as `file function`. */
    counts: counts as ReadonlyMap<string, number>,
    async during(work: () => Promise<void>): Promise<void> {
      const session = new Session();
      session.connect();
      const post = (method: string, params?: object) =>
        new Promise<unknown>((resolve, reject) =>
          session.post(method, params, (error, result) => (error ? reject(error) : resolve(result))),
        );
      try {
        await post('Profiler.enable');
        await post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
        await work();
        for (const [key, count] of countsOf((await post('Profiler.takePreciseCoverage')) as Coverage)) {
          counts.set(key, (counts.get(key) ?? 0) + count);
        }
      } finally {
        session.disconnect();
      }
    },
  };
}

function countsOf({ result }: Coverage): [key: string, count: number][] {
  return result.flatMap(({ url, functions }) => {
    const path = url.startsWith('file:') ? fileURLToPath(url) : url;
    if (!path.startsWith(ROOT)) return [];
    return functions.map(({ functionName, ranges }): [string, number] => [
      `${path.slice(ROOT.length + 1)} ${functionName}`,
      ranges[0]?.count ?? 0,
    ]);
  });
}

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly functionName: string; readonly ranges: readonly { count: number }[] }[];
  }[];
}
