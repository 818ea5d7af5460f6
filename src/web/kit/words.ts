import { asProblem } from '../../client/index.ts'

const sentences: Record<string, string> = {
  network: 'The server can’t be reached. Check your connection; nothing was charged twice.',
  'insufficient-funds': 'There is not enough in your wallet. Top it up, or pay by checkout.',
  self: 'That is not possible with yourself.',
  amount: 'That amount is too small or too large.',
  currency: 'That currency is not used here.',
  'rate-limited': 'Too many tries. Wait a moment, then try again.',
  'session-revoked': 'You were signed out. Sign in again.',
  blocked: 'That is not possible: a block stands between you.',
  'key-reused': 'That was sent before with other words. Reload the page and try again.',
  'step-up-required': 'Sign out and in again, then do it within five minutes.',
  'payment-declined': 'The payment company refused this payment. You were not charged.',

  'too-large': 'This file is too large.',
  quota: 'There is no room left for your files. Delete some messages with files, then try again.',
  'file-type': 'This kind of file is not taken here.',
  'file-corrupt': 'This file is damaged.',

  internal: 'Something went wrong on our side. Try again.',
}

const fields: Record<string, string> = { email: 'email address', password: 'password (8 to 128 characters)', full_name: 'name', message: 'message', amount: 'amount', bio: 'text about you' }

/** A fault of what was typed, said in words already. */
export class Said extends Error {
  override readonly name = 'Said'
}

/** What went wrong in words for people; the name of the field where it is one. */
export function sentenceOf(error: unknown): string {
  if (error instanceof Said) return error.message
  const problem = asProblem(error)
  if (problem.code === 'validation' && problem.errors?.[0]) return `Please check the ${fields[problem.errors[0].path] ?? problem.errors[0].path}: ${problem.errors[0].detail}.`
  if (problem.code === 'unauthenticated') return problem.detail ?? 'Sign in first.'
  return sentences[problem.code] ?? problem.detail ?? problem.title
}
