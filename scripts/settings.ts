import { type Config, ConfigError, loadConfig } from '../src/config.ts'

/** The settings of the next start, or the end of this command with the list of what is wrong with them. */
export function readSettings(overrides: Record<string, string> = {}): Config {
  try {
    // The first look reads .env into the environment.
    loadConfig()
    return loadConfig({ ...process.env, ...overrides })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`Some settings are wrong:\n${error.faults.map((fault) => `  ${fault}\n`).join('')}`)
    return process.exit(78)
  }
}
