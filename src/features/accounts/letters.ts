import type { Mail } from '../../platform/mail.ts'
import type { CodePurpose } from './codes.ts'
import type { UserRow } from './model.ts'

const views: Record<CodePurpose, string> = { 'verify-email': 'verify', 'reset-password': 'reset' }

/** What is written to people. The code stands in the fragment of the address: it reaches no server log on its way back. */
export function codeLetter(purpose: CodePurpose, user: UserRow, code: string, publicUrl: string): Mail {
  const link = `${publicUrl}/#/${views[purpose]}/${encodeURIComponent(user.email)}/${code}`
  const [subject, why] =
    purpose === 'verify-email'
      ? ['Confirm your email address', 'Somebody, most likely you, signed up with this address.']
      : ['Choose a new password', 'Somebody, most likely you, asked for a new password.']
  return {
    to: user.email,
    subject,
    text: `Hello ${user.full_name},\n\n${why} Open this address within ten minutes to go on:\n\n${link}\n\nOr type this code:\n\n${code}\n\nIf it was not you, do nothing: without the code nothing happens.\n`,
  }
}

export function lockedLetter(user: UserRow, address: string): Mail {
  return {
    to: user.email,
    subject: 'Too many wrong passwords',
    text: `Hello ${user.full_name},\n\nTen wrong passwords were tried for your account${address ? ` from ${address}` : ''}. Signing in is closed for up to fifteen minutes.\n\nIf it was not you, your password was not found out; you need not do anything.\n`,
  }
}

export function passwordChangedLetter(user: UserRow): Mail {
  return {
    to: user.email,
    subject: 'Your password was changed',
    text: `Hello ${user.full_name},\n\nYour password was changed just now, and all other sign-ins have ended.\n\nIf it was not you, choose a new password at once: “Forgot your password?” on the sign-in page.\n`,
  }
}

export function deletionLetter(user: UserRow, dueAt: Date): Mail {
  return {
    to: user.email,
    subject: 'Your account will be deleted',
    text: `Hello ${user.full_name},\n\nYour account will be deleted on ${dueAt.toISOString().slice(0, 10)}. Until then you can sign in and undo it.\n`,
  }
}
