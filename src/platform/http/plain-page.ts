import { createHash } from 'node:crypto'
import type { Response } from 'express'

const style = 'body{font:16px/1.5 system-ui;color-scheme:light dark;max-width:46rem;margin:2rem auto;padding:0 1rem}article{border-top:1px solid #8888;padding:1rem 0}pre{white-space:pre-wrap;overflow-wrap:anywhere}h2{margin:0}'
const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

/** A page of text that the server itself writes: no script, nothing from elsewhere. @param body HTML; texts in it have gone through `escapeHtml` */
export function sendPlainPage(response: Response, { title, body }: { title: string; body: string }): void {
  response.setHeader('Content-Security-Policy', policy).type('html')
  response.send(`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title><style>${style}</style></head><body>${body}</body></html>`)
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}
