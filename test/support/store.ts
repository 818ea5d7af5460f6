/** The run's one embedded store, in which every app has a database of its own. A MONGODB_URI takes its place. */
export function sharedStoreUri(): string {
  const uri = process.env['MONGODB_URI'] ?? process.env['TEST_STORE_URI']
  if (!uri) throw new Error('no store runs: tests are started by mocha with the settings of .mocharc.json')
  return uri
}
