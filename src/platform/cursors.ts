import { createHmac, timingSafeEqual } from 'node:crypto'
import { fail } from '../kernel/errors.ts'

/** Where a list goes on, bound by HMAC to who asks and what was asked: an edited cursor, or one of another list, is refused. */
export interface Cursors {
  write(list: string, position: string[]): string
  /** @throws AppError `cursor` */
  read(list: string, cursor: string): string[]
}

const macLength = 16

export function createCursors(key: Buffer): Cursors {
  const macOf = (list: string, body: string) => createHmac('sha256', key).update(`${list}\n${body}`).digest().subarray(0, macLength)
  return Object.freeze({
    write(list: string, position: string[]) {
      const body = Buffer.from(JSON.stringify(position)).toString('base64url')
      return `${body}.${macOf(list, body).toString('base64url')}`
    },
    read(list: string, cursor: string) {
      const [body = '', mac = ''] = cursor.split('.')
      const given = Buffer.from(mac, 'base64url')
      if (given.length !== macLength || !timingSafeEqual(given, macOf(list, body))) fail('cursor')
      return JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as string[]
    },
  })
}
