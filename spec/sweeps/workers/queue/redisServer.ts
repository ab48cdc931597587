import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';

/** Why no Redis can be started here, for `need`. */
export function redisLacks(): string | undefined {
  const missing = ['redis-server', 'openssl'].find((program) => spawnSync(program, ['--version']).error);
  return missing && `${missing} does not start; apt-get install ${missing}`;
}

/** A real Redis on a free port, with what it knows on a disk. */
export interface RedisServer {
  readonly url: string;
  readonly pid: () => number;
  /** Starts it again after it was killed, with what it had on the disk; or with nothing. */
  readonly restart: (how?: { empty: boolean }) => Promise<void>;
  readonly stop: () => void;
}

/** A key and a certificate for 127.0.0.1 that signs itself: files that openssl makes. */
export function selfSigned(folder: string): { key: string; cert: string } {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const how = '-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost';
  const files = ['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert];
  execFileSync('openssl', ['req', ...how.split(' '), ...files], { stdio: 'ignore' });
  return { key, cert };
}

/** Starts a Redis. Whoever does has to stop it. */
export async function startRedis({
  password = '',
  tls,
}: { password?: string; tls?: { key: string; cert: string } } = {}): Promise<RedisServer> {
  const port = await freePort();
  const url = `${tls ? 'rediss' : 'redis'}://${password ? `:${password}@` : ''}127.0.0.1:${port}`;
  const dir = mkdtempSync(join(tmpdir(), 'handgrad-redis-'));
  let server: ChildProcess;
  const boot = async () => {
    const disk = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always', '--dir', dir];
    const encrypted = tls && ['--tls-cert-file', tls.cert, '--tls-key-file', tls.key, '--tls-auth-clients', 'no'];
    const argv = [
      ...(encrypted ? ['--port', '0', '--tls-port', `${port}`, ...encrypted] : ['--port', `${port}`]),
      '--bind',
      '127.0.0.1',
      ...disk,
      ...(password ? ['--requirepass', password] : []),
    ];
    server = spawn('redis-server', argv, { stdio: 'ignore' });
    const probe = new Redis(url, {
      maxRetriesPerRequest: null,
      retryStrategy: () => 50,
      ...(tls && { tls: { ca: readFileSync(tls.cert) } }),
    });
    probe.on('error', () => {});
    // Until it has read its disk it answers with an error.
    while (!(await probe.ping().catch(() => undefined))) await delay(50);
    probe.disconnect();
  };
  await boot();
  return {
    url,
    pid: () => server.pid!,
    async restart({ empty } = { empty: false }) {
      if (server.exitCode === null && server.signalCode === null) {
        const gone = new Promise((resolve) => server.once('exit', resolve));
        server.kill('SIGKILL');
        await gone;
      }
      if (empty) rmSync(join(dir, 'appendonlydir'), { recursive: true, force: true });
      await boot();
    },
    stop() {
      server.kill('SIGKILL');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
