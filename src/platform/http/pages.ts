import { existsSync } from 'node:fs'
import { join } from 'node:path'
import express, { type Express } from 'express'

/** Serves the built pages. The overlay page is always 200: whether its link still holds is for the socket to say. */
export function mountPages(app: Express, webDir: string): void {
  const page = (file: string) => {
    const path = join(webDir, file)
    return (_request: express.Request, response: express.Response, next: (error?: unknown) => void): void => {
      response.setHeader('Cache-Control', 'no-cache')
      response.sendFile(path, { etag: true }, (error) => error && next(error))
    }
  }
  if (!existsSync(webDir)) return
  app.get('/', page('index.html'))
  app.get('/overlay/', page('overlay/index.html'))
  app.get('/overlay', (_request, response) => response.redirect(301, '/overlay/'))
  app.use('/assets', express.static(join(webDir, 'assets'), { index: false, fallthrough: true, redirect: false, dotfiles: 'ignore', cacheControl: true, maxAge: 0, etag: true }))
}
