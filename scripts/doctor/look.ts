import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { reasonOf } from './finding.ts'

export interface Seen {
  /** it answers like a server of ours */
  ours: boolean
  status?: number
  /** its clock */
  date?: Date
  /** why nothing came */
  trouble?: string
}

const patienceMs = 4_000
const maxBytes = 4_096

/** One GET, whatever comes of it. */
export function lookAt(url: string): Promise<Seen> {
  return new Promise((resolve) => {
    const outgoing = (url.startsWith('https:') ? httpsRequest : httpRequest)(url, { agent: false, timeout: patienceMs, headers: { 'accept-encoding': 'identity' } }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text = (text + chunk).slice(0, maxBytes)))
      response.on('error', () => resolve({ ours: false, trouble: 'the answer broke off' }))
      response.on('end', () => {
        const date = response.headers.date ? new Date(response.headers.date) : undefined
        resolve({ ours: text === '{"status":"up"}', status: response.statusCode ?? 0, ...(date ? { date } : {}) })
      })
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${patienceMs / 1_000} s`)))
    outgoing.on('error', (error) => resolve({ ours: false, trouble: reasonOf(error) }))
    outgoing.end()
  })
}
