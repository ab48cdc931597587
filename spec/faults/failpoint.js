'use strict';

// Loaded with --require into a process under test: kills it, with kill -9, at one chosen moment of writing one chosen
// file. FAILPOINT is "<moment> <regular expression of the file's path>". The program itself knows nothing of this.
//
// opened    the temporary file (or the file to append to) is there, and empty
// half      half of the bytes are in it
// written   all of them are, and none of them need be on the disk
// synced    they are on the disk; the name is not there yet
// renamed   the name is there; the folder has not been synced

const { Buffer } = require('node:buffer');
const fs = require('node:fs/promises');

const [moment, pattern] = (process.env.FAILPOINT ?? '').split(' ');
if (!pattern) throw new Error('FAILPOINT is not set');
const file = new RegExp(pattern);
const die = () => process.kill(process.pid, 'SIGKILL');

const { open, rename } = fs;
fs.open = async (path, flags, ...rest) => {
  const handle = await open(path, flags, ...rest);
  if (!file.test(String(path)) || !['wx', 'ax'].includes(flags)) return handle;
  if (moment === 'opened') die();
  for (const method of ['writeFile', 'appendFile']) {
    const write = handle[method].bind(handle);
    handle[method] = async (data) => {
      if (moment === 'half') {
        const bytes = Buffer.from(data);
        await write(bytes.subarray(0, bytes.length >> 1));
        die();
      }
      await write(data);
      if (moment === 'written') die();
    };
  }
  const sync = handle.sync.bind(handle);
  handle.sync = async () => {
    await sync();
    if (moment === 'synced') die();
  };
  return handle;
};
fs.rename = async (from, to) => {
  await rename(from, to);
  if (moment === 'renamed' && file.test(String(to))) die();
};
