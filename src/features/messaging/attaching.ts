import { AppError } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import type { Media } from '../media/contract.ts'
import type { MediaService } from '../media/index.ts'
import type { MessageType, SendMessage } from './contract.ts'
import type { MessageRow } from './model.ts'

/** uploads that hang on nothing, by their ids */
export type Loose = Awaited<ReturnType<MediaService['loose']>>
type Files = Pick<SendMessage, 'media_ids' | 'text'> & { sender_id: string; type?: SendMessage['type'] | 'reminder' }

/** @param fresh what is stored in the same transaction, before it: of two messages that want one file, the first has it */
export function refusalOfMedia(draft: Files, loose: Loose, fresh: readonly MessageRow[]): AppError | undefined {
  const wanted = draft.media_ids ?? []
  if (wanted.length === 0 && !/\S/u.test(draft.text)) return invalid('text', 'is empty, and there is no file')
  // Whose it is, or that it is there, is nobody else's to know.
  if (wanted.some((each) => loose.get(each)?.owner_id !== draft.sender_id)) return new AppError('not-found')
  if (fresh.some((row) => row.media.some((each) => wanted.includes(each.media_id)))) return new AppError('not-found')
  if (wanted.length > 1 && mediaOf(draft, loose).some((each) => each.kind === 'voice')) return invalid('media_ids', 'a voice note goes alone')
  return draft.type && draft.type !== 'reminder' && draft.type !== typeOf({ ...draft, type: undefined }, loose) && !(draft.type === 'file' && wanted.length > 0) ? invalid('type', 'does not fit what is in the files') : undefined
}

export function typeOf(draft: Files, loose: Loose): MessageType {
  return typeWith(draft.type, mediaOf(draft, loose))
}

/** Told of them or not, it is what is in its files. */
export function typeWith(told: Files['type'], [first, ...others]: readonly Media[]): MessageType {
  if (told === 'reminder') return 'reminder'
  if (!first) return 'text'
  return told ?? (others.every((each) => each.kind === first.kind) ? first.kind : 'file')
}

export function mediaOf({ media_ids = [] }: Pick<Files, 'media_ids'>, loose: Loose): Media[] {
  return media_ids.flatMap((each) => loose.get(each)?.media ?? [])
}

export async function attachAll(tx: Tx, media: Pick<MediaService, 'attach'>, rows: readonly MessageRow[]): Promise<void> {
  for (const row of rows) if (row.media.length > 0) await media.attach(tx, { owner_id: row.sender_id, message_id: row._id, media_ids: row.media.map((each) => each.media_id) })
}

function invalid(path: string, detail: string): AppError {
  return new AppError('validation', { errors: [{ path, code: 'media', detail }] })
}
