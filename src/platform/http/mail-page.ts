import { createHash, timingSafeEqual } from 'node:crypto'
import { AppError } from '../../kernel/errors.ts'
import type { Endpoint } from '../../kernel/feature.ts'
import type { MailRow, Mails } from '../mail.ts'
import { escapeHtml, sendPlainPage } from './plain-page.ts'

const path = '/dev/mail'
const shown = 50

/**
 * For development without a mail server: what would have been sent. A mail may hold a code that opens an account, so the page wants a key,
 * which stands in the address that the start prints.
 */
export function createMailPage({ mails, key }: { mails: Mails; key: string }): { endpoint: Endpoint; address: string } {
  const expected = hashOf(key)
  return {
    address: `${path}?key=${key}`,
    endpoint: {
      name: 'mail-page',
      limited_path: path,
      mount(app) {
        app.get(path, (request, response, next) => {
          const { key: given } = request.query
          if (typeof given !== 'string' || !timingSafeEqual(hashOf(given), expected)) return next(new AppError('not-found'))
          response.setHeader('Cache-Control', 'no-store')
          newest().then((rows) => sendPlainPage(response, { title: 'Mail', body: render(rows) }), next)
        })
      },
    },
  }

  function newest(): Promise<MailRow[]> {
    return mails.Rows.find().sort({ _id: -1 }).limit(shown).lean()
  }

  function render(rows: readonly MailRow[]): string {
    const list = rows.map((row) => `<article><h2>${escapeHtml(row.subject)}</h2><p>to ${escapeHtml(row.to)}, <time>${row.created_at.toISOString()}</time></p><pre>${linked(mails.textOf(row) ?? '')}</pre></article>`)
    return `<h1>Mail</h1><p>No mail server is set: nothing here was sent. The newest come first.</p>${list.join('') || '<p>No mail yet.</p>'}`
  }
}

function linked(text: string): string {
  return escapeHtml(text).replace(/^https?:\/\/\S+$/gm, '<a href="$&">$&</a>')
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
