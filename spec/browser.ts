import { existsSync } from 'node:fs';
import type { Browser, Page } from 'puppeteer-core';

export { serve } from '../book/serve';

/** A real Chromium: HANDGRAD_CHROMIUM, or where Debian, Ubuntu and macOS have one. */
const PLACES = [
  process.env['HANDGRAD_CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const chromium = PLACES.find((place) => place && existsSync(place));

/** Why there is no browser here; undefined when there is one. For `need`. */
export const browserLacks = chromium ? undefined : 'there is no Chromium; set HANDGRAD_CHROMIUM to one';

/** A page in a real Chromium that keeps what the console was told. */
export interface Opened {
  readonly page: Page;
  /** Errors and warnings of the page, uncaught exceptions, and requests that failed. */
  readonly complaints: string[];
  /** The addresses that were asked for. */
  readonly requests: string[];
  close(): Promise<void>;
}

/** Opens a blank page in a headless Chromium; its WebGL runs on the processor where there is no GPU. */
export async function openBrowser(): Promise<Opened> {
  const { launch } = await import('puppeteer-core');
  const browser: Browser = await launch({
    executablePath: chromium!,
    // It brings its own Vulkan; where the specs of the WebGPU backend have one for Node, it is not to take that.
    env: { ...process.env, LD_LIBRARY_PATH: undefined, VK_DRIVER_FILES: undefined },
    // The sandbox needs rights that a container does not give; what is opened here is our own.
    args: [
      ...['--no-sandbox', '--disable-dev-shm-usage', '--enable-unsafe-swiftshader'],
      ...['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
    ],
  });
  const page = await browser.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    // Chromium asks every server for an icon.
    const icon = message.location().url?.endsWith('/favicon.ico');
    if (['error', 'warn'].includes(message.type()) && !icon) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('requestfailed', (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on('request', (request) => requests.push(request.url()));
  return { page, complaints, requests, close: () => browser.close() };
}
