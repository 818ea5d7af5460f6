import { writeFileSync } from 'node:fs'
import { renderEnvExample } from './env-example.ts'

/** Writes what is generated and committed; a test fails when it has drifted. */
writeFileSync(new URL('../.env.example', import.meta.url), renderEnvExample())
