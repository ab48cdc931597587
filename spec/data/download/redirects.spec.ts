import { expect } from 'chai';
import type { LookupFunction } from 'node:net';
import { followRedirect, isPrivateHost, publicLookup } from '../../../src/data/download/redirects';
import { failure } from '../../failure';

const PRIVATE = [
  '[64:ff9b::10.0.0.1]',
  '[64:ff9b::169.254.169.254]',
  '[2002:7f00:1::]',
  '[2002:c0a8:101:1::5]',
  '[fec0::1]',
  '[::10.0.0.1]',
  'localhost',
  'a.localhost',
  'localhost.',
  '127.0.0.1',
  '127.1',
  '0x7f.0.0.1',
  '2130706433',
  '0.0.0.0',
  '10.1.2.3',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '[::1]',
  '[::]',
  '[fe80::1]',
  '[fd00::1]',
  '[::ffff:10.0.0.1]',
  '[::ffff:7f00:1]',
];
const PUBLIC = [
  'example.org',
  'localhost.org',
  '172.32.0.1',
  '11.0.0.1',
  '192.167.1.1',
  '[2001:db8::1]',
  '[::ffff:8.8.8.8]',
  '[64:ff9b::8.8.8.8]',
  '[2002:808:808::1]',
];

describe('redirects', () => {
  const from = new URL('https://data.example/set/file.gz');

  for (const host of PRIVATE) {
    it(`F25 a redirect to the private address ${host}: refused`, async () => {
      const found = await failure('data', () => followRedirect(from, `https://${host}:8080/`, false));
      expect(found).to.contain('private address');
    });
  }

  it('knows public addresses from private ones', () => {
    for (const host of PUBLIC) expect(isPrivateHost(new URL(`http://${host}/`)), host).to.be.false;
  });

  it('allows private addresses to a source that is one itself', () => {
    const local = new URL('http://127.0.0.1:8000/file.gz');
    expect(followRedirect(local, 'http://192.168.0.7/file.gz', true).host).to.equal('192.168.0.7');
  });

  it('F25 redirects to file:, to other protocols, to plain http from https, to nowhere: refused', async () => {
    for (const location of ['file:///etc/passwd', 'ftp://data.example/x', 'data:text/plain,x', 'javascript:1']) {
      expect(await failure('data', () => followRedirect(from, location, true))).to.contain('not http');
    }
    const plain = await failure('data', () => followRedirect(from, 'http://data.example/x', true));
    expect(plain).to.contain('from https to plain http://data.example/x');
    await failure('data', () => followRedirect(from, undefined, true));
    await failure('data', () => followRedirect(from, 'https://[', true));
  });

  it('resolves a relative address against the one that sent it', () => {
    expect(followRedirect(from, '../other/file.gz', false).href).to.equal('https://data.example/other/file.gz');
  });

  it('F25 a public name that resolves to a private address, alone or among others: refused', () => {
    const lookup = (addresses: unknown): LookupFunction =>
      ((_name: string, _options: unknown, done: (...args: unknown[]) => void) =>
        done(null, addresses, 4)) as LookupFunction;
    const codeOf = (addresses: unknown) => {
      let code: string | undefined;
      publicLookup(lookup(addresses))('data.example', {}, (error) => (code = error?.code));
      return code;
    };
    expect(codeOf('10.0.0.1')).to.equal('EPRIVATE');
    expect(
      codeOf([
        { address: '93.184.215.14', family: 4 },
        { address: '::1', family: 6 },
      ]),
    ).to.equal('EPRIVATE');
    expect(codeOf('93.184.215.14')).to.equal(undefined);
    expect(codeOf([{ address: '2606:2800::1', family: 6 }])).to.equal(undefined);
  });
});
