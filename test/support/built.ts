/** The store as `npm start` runs it: its process begins in a quarter of the time that it takes from sources. `mochaGlobalSetup` has built it. */
const launcher = new URL('../../dist/embedded-mongo/launcher.js', import.meta.url).href

export const { startEmbeddedStore, StoreRefused } = (await import(launcher)) as typeof import('../../src/embedded-mongo/launcher.ts')
