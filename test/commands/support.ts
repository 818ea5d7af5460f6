import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { passedOn } from '../faults/support.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Outcome {
  code: number | null
  out: string
  err: string
}

/** A command, as the build made it where it does, else as `npm run` starts it; in its environment is nothing but what is given. */
export function run(script: string, args: readonly string[], settings: Record<string, string>, input = ''): Promise<Outcome> {
  const child = spawn(process.execPath, [...(script.endsWith('.ts') ? ['--import=tsx', `scripts/${script}`] : [`dist/${script}`]), ...args], { cwd: root, env: { ...passedOn(), ...settings }, stdio: ['pipe', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  child.stdin.end(input)
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })))
}
