import { createHash, timingSafeEqual } from 'node:crypto'
import { AppError } from '../../kernel/errors.ts'
import type { Endpoint } from '../../kernel/feature.ts'
import type { MailRow, Mails } from '../mail.ts'

const path = '/dev/mail'
const shown = 50
const style = 'body{font:16px/1.5 system-ui;max-width:46rem;margin:2rem auto;padding:0 1rem}article{border-top:1px solid #8888;padding:1rem 0}pre{white-space:pre-wrap;overflow-wrap:anywhere}h2{margin:0}'
const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

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
          response.setHeader('Content-Security-Policy', policy).setHeader('Cache-Control', 'no-store').type('html')
          newest().then((rows) => response.send(render(rows)), next)
        })
      },
    },
  }

  function newest(): Promise<MailRow[]> {
    return mails.Rows.find().sort({ _id: -1 }).limit(shown).lean()
  }

  function render(rows: readonly MailRow[]): string {
    const list = rows.map((row) => `<article><h2>${escapeHtml(row.subject)}</h2><p>to ${escapeHtml(row.to)}, <time>${row.created_at.toISOString()}</time></p><pre>${linked(mails.textOf(row) ?? '')}</pre></article>`)
    return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Mail</title><style>${style}</style></head><body><h1>Mail</h1><p>No mail server is set: nothing here was sent. The newest come first.</p>${list.join('') || '<p>No mail yet.</p>'}</body></html>`
  }
}

function linked(text: string): string {
  return escapeHtml(text).replace(/^https?:\/\/\S+$/gm, '<a href="$&">$&</a>')
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
