import { type AnyOperation, operation } from '../../kernel/operation.ts'
import { mediaRoutes } from './contract.ts'
import type { Keeping } from './keeping.ts'
import * as schema from './schema.ts'

export function mediaOperations(keeping: Keeping): AnyOperation[] {
  return [
    operation({
      name: 'media:sign',
      summary: 'Where you find a file for the next five minutes: your own, or one of a message that you may read',
      route: mediaRoutes['media:sign'],
      audience: 'signed-in',
      errors: ['not-found', 'blocked'],
      input: schema.mediaId,
      output: schema.address,
      handle: keeping.sign,
    }),
    operation({
      name: 'media:discard',
      summary: 'Take away what you uploaded and have not sent',
      route: mediaRoutes['media:discard'],
      audience: 'signed-in',
      errors: ['not-found', 'stale-state'],
      input: schema.mediaId,
      output: schema.nothing,
      handle: keeping.discard,
    }),
    operation({
      name: 'media:usage',
      summary: 'How much room your files take, and how large each may be',
      route: mediaRoutes['media:usage'],
      audience: 'signed-in',
      errors: [],
      input: schema.nothing,
      output: schema.usage,
      handle: keeping.usage,
    }),
  ]
}
