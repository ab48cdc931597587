import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { buildConnector, Dispatcher } from 'undici';
import { HandgradError } from '../../errors';
import { followRedirect, isPrivateHost, publicLookup } from './redirects';

/** The limits for a server. */
export interface HttpLimits {
  /** Attempts after the first one; each continues where the one before was interrupted, if the server supports that. */
  readonly retries: number;
  /** Before the first retry, in milliseconds; it doubles each time. */
  readonly retryWaitMs: number;
  /** The longest wait, in milliseconds, also for `Retry-After`. */
  readonly maxRetryWaitMs: number;
  /**
   * Within each window of so many milliseconds, `minBytesPerWindow` must arrive, or the server is considered stalled.
   */
  readonly windowMs: number;
  readonly minBytesPerWindow: number;
  readonly maxRedirects: number;
}

/** For a slow connection: 26 MB may take up to two hours, but must not stall for 20 seconds. */
export const HTTP_LIMITS: HttpLimits = {
  retries: 3,
  retryWaitMs: 500,
  maxRetryWaitMs: 5_000,
  windowMs: 20_000,
  minBytesPerWindow: 64 * 1024,
  maxRedirects: 5,
};

/** How a file is fetched. */
export interface FetchOptions {
  readonly limits?: Partial<HttpLimits>;
  /** Receives the number of bytes so far. */
  readonly onProgress?: (bytes: number) => void;
  readonly signal?: AbortSignal;
  /** For a network with its own names or certificates. */
  readonly connect?: buildConnector.BuildOptions & { lookup?: LookupFunction };
}

/** Interrupted connections are retried. An unknown host or a closed port is not: a second later nothing has changed. */
const RETRIED_ERRORS = [
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  'ENETDOWN',
  'ENETUNREACH',
  'EHOSTDOWN',
  'EHOSTUNREACH',
];

const REDIRECTS = [301, 302, 303, 307, 308];

/**
 * Fetches a file of known size over http(s) into memory. Uses the proxy of the environment (`https_proxy`, …).
 * @param size the expected size in bytes: more is refused as soon as it arrives
 * @throws HandgradError 'data' with what the server did; the signal's reason when aborted
 */
export async function fetchBytes(address: string, size: number, options: FetchOptions = {}): Promise<Buffer> {
  const limits = { ...HTTP_LIMITS, ...options.limits };
  const watch = watchProgress(limits);
  const stop = options.signal ? AbortSignal.any([options.signal, watch.signal]) : watch.signal;
  let dispatcher: Dispatcher | undefined;
  try {
    let url = new URL(address);
    const privateSource = isPrivateHost(url);
    for (let hop = 0; hop <= limits.maxRedirects; hop++) {
      dispatcher = await openDispatcher(limits, options, hop > 0 && !privateSource);
      const response = await dispatcher.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: 'GET',
        signal: stop,
      });
      if (!REDIRECTS.includes(response.statusCode)) return await readBody(response, url, size, watch, options);
      await dispatcher.destroy();
      url = followRedirect(url, [response.headers.location].flat()[0], privateSource);
    }
    throw new HandgradError('data', `redirected more than ${limits.maxRedirects} times.`);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (watch.signal.aborted) throw watch.signal.reason;
    throw error instanceof HandgradError
      ? error
      : new HandgradError('data', reasonOf(error, address), { cause: error });
  } finally {
    watch.stop();
    await dispatcher?.destroy();
  }
}

/** One connection pool per hop: after a redirect from the public internet, private addresses are out of reach. */
async function openDispatcher(limits: HttpLimits, options: FetchOptions, publicOnly: boolean): Promise<Dispatcher> {
  const { EnvHttpProxyAgent, RetryAgent } = await import('undici');
  const base = options.connect?.lookup ?? lookup;
  const connect = { ...options.connect, timeout: limits.windowMs, lookup: publicOnly ? publicLookup(base) : base };
  // `watchProgress` is the only timeout: it covers connecting, headers and body.
  const agent = new EnvHttpProxyAgent({ ...proxies(process.env), connect, headersTimeout: 0, bodyTimeout: 0 });
  return new RetryAgent(agent, {
    maxRetries: limits.retries,
    minTimeout: limits.retryWaitMs,
    maxTimeout: limits.maxRetryWaitMs,
    errorCodes: RETRIED_ERRORS,
  });
}

/**
 * The proxies of the environment, as curl reads them: an address without a scheme is one of http.
 * @returns nothing for those that are not set
 */
export function proxies(env: NodeJS.ProcessEnv): { httpProxy?: string; httpsProxy?: string } {
  const all = env['all_proxy'] || env['ALL_PROXY'];
  const of = (scheme: string) => {
    const given = (env[`${scheme}_proxy`] || env[`${scheme.toUpperCase()}_PROXY`] || all)?.trim();
    return given && !given.includes('://') ? `http://${given}` : given;
  };
  const [httpProxy, httpsProxy] = [of('http'), of('https')];
  return { ...(httpProxy && { httpProxy }), ...(httpsProxy && { httpsProxy }) };
}

async function readBody(
  { statusCode, headers, body }: Dispatcher.ResponseData,
  url: URL,
  size: number,
  watch: ReturnType<typeof watchProgress>,
  { onProgress }: FetchOptions,
): Promise<Buffer> {
  try {
    if (statusCode !== 200) throw new HandgradError('data', `answered with status ${statusCode} for ${url.href}.`);
    const type = String(headers['content-type'] ?? '');
    if (/\bhtml\b/i.test(type)) throw new HandgradError('data', `answered with a web page (${type}) for ${url.href}.`);
    const announced = headers['content-length'];
    if (announced !== undefined && Number(announced) !== size) {
      throw new HandgradError('data', `offers ${Number(announced)} bytes for ${url.href}, where ${size} are expected.`);
    }
    const bytes = Buffer.alloc(size);
    let received = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (received + chunk.length > size) {
        throw new HandgradError('data', `sends more than the expected ${size} bytes for ${url.href}.`);
      }
      bytes.set(chunk, received);
      received += chunk.length;
      watch.arrived(received);
      onProgress?.(received);
    }
    if (received !== size) {
      throw new HandgradError('data', `sent ${received} bytes for ${url.href}, where ${size} are expected.`);
    }
    return bytes;
  } finally {
    // The rest of the response is not wanted; destroying it emits an error without another listener.
    body.on('error', () => undefined).destroy();
  }
}

/** Aborts when a window passes with too little progress, such as a byte a second. */
function watchProgress({ windowMs, minBytesPerWindow }: HttpLimits) {
  const controller = new AbortController();
  let total = 0;
  let before = 0;
  const timer = setInterval(() => {
    if (total - before < minBytesPerWindow) {
      const found = `sent ${total - before} bytes in ${windowMs / 1000} s`;
      controller.abort(new HandgradError('data', `${found}, which counts as stalled.`));
    }
    before = total;
  }, windowMs);
  return {
    signal: controller.signal,
    arrived: (bytes: number) => void (total = bytes),
    stop: () => clearInterval(timer),
  };
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the host name does not resolve',
  EAI_AGAIN: 'the host name does not resolve right now',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was interrupted',
  UND_ERR_SOCKET: 'the connection was interrupted',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
  EPRIVATE: 'a redirect leads into a private network',
};

function reasonOf(error: unknown, address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const proxy =
    url && !isExempt(url.hostname, process.env) && proxies(process.env)[PROXY_OF[url.protocol] ?? 'httpProxy'];
  const through = proxy ? ` through the proxy ${withoutPassword(proxy)}` : '';
  return reasonWithout(error).replace(/\.$/, `${through}.`);
}

const PROXY_OF: Readonly<Record<string, 'httpProxy' | 'httpsProxy'>> = { 'https:': 'httpsProxy' };

/** Whether a host is reached without the proxy. */
function isExempt(host: string, env: NodeJS.ProcessEnv): boolean {
  const names = (env['no_proxy'] ?? env['NO_PROXY'] ?? '').split(/[\s,]+/).map((name) => name.replace(/^\*?\./, ''));
  return names.some((name) => name === '*' || (name !== '' && (host === name || host.endsWith(`.${name}`))));
}

/** A proxy's address as a message may show it. */
function withoutPassword(proxy: string): string {
  return URL.canParse(proxy) ? new URL(proxy).host : 'of the environment, whose address is not valid';
}

function reasonWithout(error: unknown): string {
  const { code, message, statusCode } = error as Error & { code?: string; statusCode?: number };
  // A retry asked for the rest, and the server sent everything again.
  if (statusCode === 200) return 'the connection was interrupted, and the server cannot resume it.';
  if (statusCode !== undefined) return `answered with status ${statusCode} (${message}).`;
  const known = REASONS[code ?? ''];
  return known ? `${known} (${code}).` : `${message}${code ? ` (${code})` : ''}.`;
}
