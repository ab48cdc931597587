import { expect } from 'chai';
import { createServer as createProxy, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer, type LookupFunction } from 'node:net';
import { fetchBytes, type FetchOptions, proxies } from '../../../src/data/download/fetchBytes';
import { need } from '../../need';
import { failure } from '../../failure';
import { localServers, selfSigned } from './server';

const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 251));
const limits = { retries: 3, retryWaitMs: 5, maxRetryWaitMs: 20, windowMs: 5_000, minBytesPerWindow: 1024 };

const fetchIt = (url: string, options: FetchOptions = {}) =>
  fetchBytes(url, bytes.length, { ...options, limits: { ...limits, ...options.limits } });
const refusal = (url: string, options?: FetchOptions) => failure('data', () => fetchIt(url, options));

/** Sends what a `Range` header asks for, up to `stop`, and then breaks the connection. */
function sendPart(response: ServerResponse, range: string | undefined, stop: number): void {
  const start = Number(/bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
  const whole = { 'content-length': bytes.length - start, etag: '"1"' };
  const part = { ...whole, 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` };
  response.writeHead(range ? 206 : 200, range ? part : whole);
  if (stop >= bytes.length) response.end(bytes.subarray(start));
  else response.write(bytes.subarray(start, stop), () => setTimeout(() => response.destroy(), 20));
}

describe('fetchBytes', () => {
  const serve = localServers();

  it('fetches a file and reports its progress in bytes', async () => {
    const { url } = await serve((_request, response) => void response.end(bytes));
    const progress: number[] = [];
    expect((await fetchIt(url, { onProgress: (received) => progress.push(received) })).equals(bytes)).to.be.true;
    expect(progress.at(-1)).to.equal(bytes.length);
    expect(progress).to.deep.equal([...progress].sort((a, b) => a - b));
  });

  it('F22 a mirror answering 200 with HTML: refused with its type', async () => {
    const { url } = await serve((_request, response) => {
      response
        .writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
        .end('<html>Log in to the hotel network</html>');
    });
    expect(await refusal(url)).to.contain('web page (text/html; charset=utf-8)');
  });

  it('F23 404: refused at once, not asked again', async () => {
    const { url, requests } = await serve((_request, response) => void response.writeHead(404).end('none'));
    expect(await refusal(`${url}file.gz`)).to.contain('status 404');
    expect(requests).to.have.length(1);
  });

  it('F23 503 with Retry-After: asked again, a bounded number of times', async () => {
    const { url, requests } = await serve((_request, response) => {
      response.writeHead(503, { 'retry-after': '3600' }).end();
    });
    expect(await refusal(url)).to.contain('status 503');
    expect(requests).to.have.length(1 + limits.retries);
  });

  it('F23 503 and then the file: it arrives', async () => {
    let asked = 0;
    const { url } = await serve((_request, response) => {
      if (asked++ < 2) response.writeHead(503, { 'retry-after': '0' }).end();
      else response.end(bytes);
    });
    expect((await fetchIt(url)).equals(bytes)).to.be.true;
  });

  it('F23 DNS failure: the name is said not to resolve', async () => {
    expect(await refusal('http://nowhere.invalid/')).to.match(
      /does not resolve( at the moment)? \((ENOTFOUND|EAI_AGAIN)\)/,
    );
  });

  it('F23 refused connection', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    expect(await refusal(`http://127.0.0.1:${port}/`)).to.contain('refused (ECONNREFUSED)');
  });

  it('F23 TLS failure: a certificate nobody vouches for, and a server that speaks no TLS', async function () {
    const certificate = selfSigned();
    need(this, certificate ? undefined : 'openssl is not installed');
    const { url } = await serve((_request, response) => void response.end(bytes), certificate);
    expect(await refusal(url)).to.contain('SELF_SIGNED');
    const trusting = { connect: { ca: certificate!.cert } };
    expect((await fetchIt(url, trusting)).equals(bytes)).to.be.true;
    const plain = await serve((_request, response) => void response.end(bytes));
    expect(await refusal(plain.url.replace('http:', 'https:'))).to.match(/SSL|EPROTO|packet length/i);
  });

  it('F24 a mirror that dies mid-body twice: resumed where it was interrupted', async () => {
    let asked = 0;
    const { url, requests } = await serve((request, response) => {
      sendPart(response, request.headers.range, [100_000, 220_000, bytes.length][asked++]!);
    });
    expect((await fetchIt(url)).equals(bytes)).to.be.true;
    expect(requests.map(({ range }) => range)).to.deep.equal([undefined, 'bytes=100000-299999', 'bytes=220000-299999']);
  });

  it('F24 a mirror that dies mid-body every time: given up after bounded retries', async () => {
    const { url, requests } = await serve((request, response) => {
      const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      sendPart(response, request.headers.range, start + 1000);
    });
    expect(await refusal(url)).to.contain('the connection was interrupted');
    expect(requests).to.have.length(1 + limits.retries);
  });

  it('F24 a mirror that dies mid-body and cannot resume: never two halves glued together', async () => {
    let asked = 0;
    const { url } = await serve((_request, response) => sendPart(response, undefined, asked++ === 0 ? 100_000 : 1e9));
    expect(await refusal(url)).to.contain('the connection was interrupted, and the server cannot resume it');
  });

  it('F24 a mirror that resumes with another file: refused', async () => {
    let asked = 0;
    const { url } = await serve((request, response) => {
      if (asked++ === 0) return sendPart(response, undefined, 100_000);
      response
        .writeHead(206, { etag: '"2"', 'content-range': `bytes 100000-299999/300000` })
        .end(bytes.subarray(100_000));
      return request;
    });
    expect(await refusal(url)).to.contain('ETag mismatch');
  });

  it('F24 stalls at one byte at a time: given up after a window', async () => {
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': bytes.length });
      const drip = setInterval(() => response.write('x'), 10);
      response.on('close', () => clearInterval(drip));
    });
    expect(await refusal(url, { limits: { windowMs: 200 } })).to.match(/sent \d+ bytes in 0.2 s, .*stalled/);
  });

  it('F24 accepts and says nothing, before and after the headers: given up after a window', async () => {
    const silent = await serve(() => undefined);
    expect(await refusal(silent.url, { limits: { windowMs: 100 } })).to.contain('sent 0 bytes in 0.1 s');
    const headers = await serve((_request, response) => response.writeHead(200).flushHeaders());
    expect(await refusal(headers.url, { limits: { windowMs: 100 } })).to.contain('sent 0 bytes in 0.1 s');
  });

  it('F24 never ends: stopped as soon as more comes than the file has', async () => {
    let sent = 0;
    const { url } = await serve((_request, response) => {
      const more = () => {
        while (response.write(bytes)) sent += bytes.length;
        response.once('drain', more);
      };
      more();
    });
    expect(await refusal(url)).to.contain(`more than the expected ${bytes.length} bytes`);
    // What it could fill is the sockets' buffers, not our memory.
    expect(sent).to.be.lessThan(50e6);
  });

  it('F24 announces another length, or ends early without one: refused', async () => {
    const short = await serve((_request, response) => void response.end(bytes.subarray(1)));
    expect(await refusal(short.url)).to.contain('offers 299999 bytes');
    const chunked = await serve((_request, response) => {
      response.write(bytes.subarray(0, 1000));
      response.end();
    });
    expect(await refusal(chunked.url)).to.contain('sent 1000 bytes');
  });

  it('F25 redirects: five are followed, six are refused, and so is a ring', async () => {
    const { url, requests } = await serve((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) response.end(bytes);
      else response.writeHead(302, { location: `/${left - 1}` }).end();
    });
    expect((await fetchIt(`${url}5`)).equals(bytes)).to.be.true;
    expect(await refusal(`${url}6`)).to.contain('more than 5 times');
    requests.length = 0;
    const ring = await serve((_request, response) => void response.writeHead(302, { location: '/' }).end());
    expect(await refusal(ring.url)).to.contain('more than 5 times');
    expect(ring.requests).to.have.length(6);
  });

  it('F25 redirects to file: and from https to plain http: refused, the target is not asked', async function () {
    const target = await serve((_request, response) => void response.end(bytes));
    const file = await serve(
      (_request, response) => void response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    );
    expect(await refusal(file.url)).to.contain('not http');
    const certificate = selfSigned();
    need(this, certificate ? undefined : 'openssl is not installed');
    const secure = await serve((_request, response) => {
      response.writeHead(301, { location: target.url }).end();
    }, certificate);
    expect(await refusal(secure.url, { connect: { ca: certificate!.cert } })).to.contain('from https to plain');
    expect(target.requests).to.have.length(0);
  });

  it('F25 a public source that redirects to a private address, numeric or by name: refused, not followed', async () => {
    // "Public" here is a name of which only this lookup knows that it is this machine.
    const lookup = ((_name: string, options: { all?: boolean }, done: (...args: unknown[]) => void) => {
      done(null, options.all ? [{ address: '127.0.0.1', family: 4 }] : '127.0.0.1', 4);
    }) as LookupFunction;
    const target = await serve((_request, response) => void response.end(bytes));
    for (const [host, said] of [
      ['127.0.0.1', 'private address 127.0.0.1'],
      ['inside.example', 'private network (EPRIVATE)'],
    ] as const) {
      const { port } = await serve((_request, response) => {
        response.writeHead(307, { location: `http://${host}:${target.port}/` }).end();
      });
      expect(await refusal(`http://public.example:${port}/`, { connect: { lookup } })).to.contain(said);
    }
    expect(target.requests).to.have.length(0);
    expect((await fetchIt(`http://public.example:${target.port}/`, { connect: { lookup } })).equals(bytes)).to.be.true;
  });

  it('goes through the proxy that the environment names', async () => {
    const target = await serve((_request, response) => void response.end(bytes));
    const asked: (string | undefined)[] = [];
    const proxy = createProxy().on('connect', ({ url }, client) => {
      asked.push(url);
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      const server = connect(target.port, '127.0.0.1');
      client.pipe(server).pipe(client);
      client.on('error', () => server.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const saved = process.env['http_proxy'];
    try {
      process.env['http_proxy'] = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
      expect((await fetchIt('http://only-the-proxy-knows.example/file.gz')).equals(bytes)).to.be.true;
      expect(asked).to.deep.equal(['only-the-proxy-knows.example:80']);
      // As curl reads it.
      process.env['http_proxy'] = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
      expect((await fetchIt('http://only-the-proxy-knows.example/file.gz')).equals(bytes)).to.be.true;
      expect(asked).to.have.length(2);
      process.env['http_proxy'] = 'user:secret@127.0.0.1:1';
      const dead = await refusal('http://only-the-proxy-knows.example/file.gz');
      expect(dead)
        .to.match(/ECONNREFUSED\) through the proxy 127\.0\.0\.1:1\.$/)
        .and.not.to.contain('secret');
    } finally {
      if (saved === undefined) delete process.env['http_proxy'];
      else process.env['http_proxy'] = saved;
      proxy.close();
    }
  });

  it('reads the proxies of the environment as curl does', () => {
    expect(proxies({})).to.deep.equal({});
    expect(proxies({ https_proxy: 'host:8080', HTTP_PROXY: ' http://a:1 ' })).to.deep.equal({
      ...{ httpProxy: 'http://a:1', httpsProxy: 'http://host:8080' },
    });
    expect(proxies({ all_proxy: 'h:1', http_proxy: '' })).to.deep.equal({
      ...{ httpProxy: 'http://h:1', httpsProxy: 'http://h:1' },
    });
  });

  it('stops when its signal says so, with that reason', async () => {
    const { url } = await serve(() => undefined);
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error('enough')), 30);
    const error = await fetchIt(url, { signal: abort.signal }).then(
      () => undefined,
      (reason: Error) => reason,
    );
    expect(error?.message).to.equal('enough');
  });
});
