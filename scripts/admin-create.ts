import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { parseArgs } from 'node:util'
import { AppError } from '../src/kernel/errors.ts'
import { email as emailRule, password as passwordRule } from '../src/kernel/schema.ts'
import { readSettings } from './settings.ts'

/**
 * `npm run admin:create -- --email a@b.c [--name NAME] [--password-stdin]`: one more admin, beside a server that runs or before the first
 * start. The password is asked for without showing it, or read from standard input; it never stands in the arguments, which others can see.
 * Exit codes: 1 the address is taken, 64 wrong arguments.
 */
const minLength = 12
const { email, name, fromStdin } = readArguments()
const password = fromStdin ? await readFirstLine() : await ask()
if (password.length < minLength || passwordRule.validate(password).error) refuse(`The password needs ${minLength} to 128 characters.`)
// Only now: whoever is refused above need not wait until the server is loaded.
const { openApp } = await import('./open-app.ts')
const { app, close } = await openApp(readSettings())
try {
  await app.prepare()
  await app.addAdmin({ email, password, full_name: name })
} catch (error) {
  if (!(error instanceof AppError)) throw error
  await close()
  process.stderr.write(`No admin was made: ${error.message}.\n`)
  process.exit(1)
}
await close()
process.stdout.write(`${email} is an admin now and can sign in.\n`)
process.exit(0)

function readArguments(): { email: string; name: string; fromStdin: boolean } {
  try {
    const { values } = parseArgs({ options: { email: { type: 'string' }, name: { type: 'string', default: 'Administrator' }, 'password-stdin': { type: 'boolean', default: false } } })
    if (!values.email || emailRule.validate(values.email).error) throw new Error('--email must be an email address')
    return { email: values.email, name: values.name, fromStdin: values['password-stdin'] }
  } catch (error) {
    return refuse(error instanceof Error ? error.message : '')
  }
}

async function readFirstLine(): Promise<string> {
  for await (const line of createInterface({ input: process.stdin })) return line
  return ''
}

async function ask(): Promise<string> {
  if (!process.stdin.isTTY) refuse('There is no terminal to ask for the password on.')
  const first = await askHidden('Password: ')
  if (first !== (await askHidden('Once more: '))) refuse('The two differ.')
  return first
}

// The question is shown, what is typed is not.
async function askHidden(question: string): Promise<string> {
  process.stdout.write(question)
  const lines = createInterface({ input: process.stdin, output: new Writable({ write: (_chunk, _encoding, done) => done() }), terminal: true })
  try {
    return await new Promise<string>((resolve) => lines.question('', resolve))
  } finally {
    lines.close()
    process.stdout.write('\n')
  }
}

function refuse(reason: string): never {
  process.stderr.write(`${reason}\nUsage: npm run admin:create -- --email ADDRESS [--name NAME] [--password-stdin]\n`)
  process.exit(64)
}
