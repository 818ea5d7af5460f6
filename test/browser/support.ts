import { existsSync, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

const root = fileURLToPath(new URL('../..', import.meta.url))
const places = [process.env['CHROMIUM_PATH'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome']
const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

export const chromiumPath = places.find((place) => place !== undefined && existsSync(place))

export const sizes = [
  { name: 'phone', viewport: { width: 360, height: 740 } },
  { name: 'desk', viewport: { width: 1280, height: 800 } },
]

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath as string, args: flags })
}

export interface Watched {
  page: Page
  /** console errors, CSP violations, failed or foreign requests: there should be none */
  faults: string[]
}

export async function openPage(context: BrowserContext, url: string): Promise<Watched> {
  const page = await context.newPage()
  const faults: string[] = []
  const home = new URL(url).origin
  page.on('console', (message) => message.type() === 'error' && faults.push(`console: ${message.text()}`))
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`))
  page.on('request', (request) => {
    const target = new URL(request.url())
    if (target.protocol !== 'data:' && target.origin !== home && target.origin !== home.replace('http', 'ws')) faults.push(`foreign: ${request.url()}`)
  })
  await page.goto(url)
  return { page, faults }
}

export async function keepScreenshot(page: Page, name: string): Promise<void> {
  mkdirSync(`${root}artefacts`, { recursive: true })
  await page.screenshot({ path: `${root}artefacts/${name}.png`, omitBackground: true, animations: 'disabled' })
}
