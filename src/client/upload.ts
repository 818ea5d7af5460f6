import { type Media, type MediaKind, uploadPath } from '../features/media/contract.ts'
import type { Ending } from './pause.ts'
import { ClientError, isProblem, noAnswer } from './problem.ts'

export interface UploadMedia {
  file: Blob
  name: string
  kind: MediaKind
  /** of a voice note: at most 64 whole numbers from 0 to 100 */
  waveform?: readonly number[]
  /** from 0 to 1; where there is no XMLHttpRequest, only its end is told */
  onProgress?: (part: number) => void
}

const silenceMs = 60_000

/** what of a browser's request is used: the client is for programs without a page, too */
interface BrowserRequest {
  status: number
  responseText: string
  upload: { addEventListener(name: 'progress', handler: (event: { loaded: number; total: number }) => void): void }
  open(method: string, address: string): void
  setRequestHeader(name: string, value: string): void
  addEventListener(name: 'loadend', handler: () => void): void
  send(body: FormData): void
  abort(): void
}

const browser = globalThis as unknown as { XMLHttpRequest?: new () => BrowserRequest }

/** One file, past the socket, which is for words. @throws ClientError with the server's problem, or `network` */
export async function sendUpload(base: string, upload: UploadMedia, { token, ending }: { token: string | undefined; ending: Ending }): Promise<Media> {
  const body = new FormData()
  body.append('kind', upload.kind)
  if (upload.waveform) body.append('waveform', JSON.stringify(upload.waveform))
  body.append('file', upload.file, upload.name)
  const send = browser.XMLHttpRequest ? byRequest : byFetch
  const { status, text } = await send(`${base}${uploadPath}`, body, { token, ending, onProgress: upload.onProgress ?? (() => {}) })
  const answer = parsed(text)
  if (status === 201) return answer as Media
  throw new ClientError(isProblem(answer) ? answer : noAnswer(status === 0 ? undefined : `Something else answered with ${status}`))
}

interface Sending {
  token: string | undefined
  ending: Ending
  onProgress: (part: number) => void
}

interface Reply {
  status: number
  text: string
}

function byRequest(address: string, body: FormData, { token, ending, onProgress }: Sending): Promise<Reply> {
  return new Promise((resolve) => {
    const request = new (browser.XMLHttpRequest as new () => BrowserRequest)()
    const forget = ending.onEnd(() => request.abort())
    let silence = setTimeout(() => request.abort(), silenceMs)
    request.open('POST', address)
    if (token) request.setRequestHeader('authorization', `Bearer ${token}`)
    request.upload.addEventListener('progress', ({ loaded, total }) => {
      clearTimeout(silence)
      silence = setTimeout(() => request.abort(), silenceMs)
      onProgress(total > 0 ? loaded / total : 0)
    })
    request.addEventListener('loadend', () => {
      clearTimeout(silence)
      forget()
      resolve({ status: request.status, text: request.responseText })
    })
    request.send(body)
  })
}

async function byFetch(address: string, body: FormData, { token, ending, onProgress }: Sending): Promise<Reply> {
  const controller = new AbortController()
  const forget = ending.onEnd(() => controller.abort())
  try {
    const response = await globalThis.fetch(address, { method: 'POST', body, signal: controller.signal, headers: token ? { authorization: `Bearer ${token}` } : {} })
    const text = await response.text()
    onProgress(1)
    return { status: response.status, text }
  } catch {
    return { status: 0, text: '' }
  } finally {
    forget()
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
