import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import express, { type Express } from 'express'
import { AppError, errorCodes, statusOf, titleOf } from '../../kernel/errors.ts'
import type { Documents } from '../documents/index.ts'
import { canBeRepeated } from '../documents/problem.ts'
import { escapeHtml, sendPlainPage } from './plain-page.ts'

/** Serves the built pages. The overlay page is always 200: whether its link still holds is for the socket to say. */
export function mountPages(app: Express, webDir: string): void {
  const page = (file: string) => {
    const path = join(webDir, file)
    return (_request: express.Request, response: express.Response, next: (error?: unknown) => void): void => {
      response.setHeader('Cache-Control', 'no-cache')
      response.sendFile(path, { etag: true, acceptRanges: false }, (error) => error && next(error))
    }
  }
  if (!existsSync(webDir)) return
  app.get('/', page('home/index.html'))
  for (const name of ['fan', 'studio', 'admin', 'overlay']) {
    app.get(`/${name}/`, page(`${name}/index.html`))
    app.get(`/${name}`, (_request, response) => response.redirect(301, `/${name}/`))
  }
  // Which handles there are is for the page to ask: one that names nobody opens too, and says so.
  app.get('/@:handle', page('creator/index.html'))
  app.get('/docs', page('docs/index.html'))
  app.get('/docs/realtime', page('docs/realtime.html'))
  app.use('/assets', express.static(join(webDir, 'assets'), { index: false, fallthrough: true, redirect: false, acceptRanges: false, dotfiles: 'ignore', cacheControl: true, maxAge: 0, etag: true }))
}

/** Every problem's `type` is an address: this is what stands there. */
export function mountProblems(app: Express): void {
  app.get('/problems/:code', (request, response, next) => {
    const code = errorCodes.find((each) => each === request.params.code)
    if (!code) return next(new AppError('not-found'))
    const again = canBeRepeated(code) ? 'The same request may go through later: wait for as long as retry_after_ms says.' : 'Sent again as it was, the same request meets the same answer.'
    sendPlainPage(response, { title: titleOf(code), body: `<h1>${escapeHtml(titleOf(code))}</h1><p>Code <code>${code}</code>, HTTP status ${statusOf(code)}.</p><p>${again}</p><p><a href="/docs">Every operation, with the problems that it can meet</a></p>` })
  })
}

/** The documents that programs read, and that the pages under /docs are made of. */
export function mountDocuments(app: Express, documents: Documents): void {
  const serve = (text: () => string) => {
    let etag: string | undefined
    return (request: express.Request, response: express.Response): void => {
      etag ??= `"${createHash('sha256').update(text()).digest('base64url')}"`
      response.setHeader('ETag', etag).setHeader('Cache-Control', 'no-cache')
      if (request.fresh) response.status(304).end()
      else response.type('application/json').send(text())
    }
  }
  app.get('/openapi.json', serve(documents.openApi))
  app.get('/asyncapi.json', serve(documents.asyncApi))
}
