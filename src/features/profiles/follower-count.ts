import type { Context } from '../../kernel/context.ts'
import type { Tx } from '../../kernel/events.ts'
import { newId } from '../../kernel/ids.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { FollowerMoveRow, ProfileModels } from './model.ts'
import type { Standing } from './standing.ts'

const batch = 500

export type FollowerCount = ReturnType<typeof createFollowerCount>

/**
 * How many follow a creator. A follow writes a move beside its row and never touches the count, so a thousand of them at once don't meet;
 * a subscriber takes the moves that wait, adds them up and deletes them in the transaction that moves the count. Delivered twice, or by two
 * processes, each move is taken once. The count and what waits is the number of rows at every instant.
 */
export function createFollowerCount({ models, standing, unitOfWork, context }: { models: ProfileModels; standing: Standing; unitOfWork: UnitOfWork; context: () => Context }) {
  const { Profiles, FollowerMoves } = models

  return Object.freeze({ step, total, fold, foldWaiting })

  async function step(_tx: Tx, creatorId: string, delta: FollowerMoveRow['delta']): Promise<void> {
    await FollowerMoves.insertMany([{ _id: newId('mov'), creator_id: creatorId, delta }])
  }

  /** With what waits; exact inside a transaction, unless so much waits that adding it up would be work without end. */
  async function total(creatorId: string): Promise<number> {
    const profile = await Profiles.findById(creatorId, { followers: 1 }).lean()
    const waiting = await FollowerMoves.find({ creator_id: creatorId }, { delta: 1 }).limit(batch).lean()
    return (profile?.followers ?? 0) + sum(waiting)
  }

  /** Takes all moves that wait for this creator. @returns the count afterwards */
  async function fold(creatorId: string): Promise<number> {
    for (;;) {
      if (!(await FollowerMoves.exists({ creator_id: creatorId }))) return (await Profiles.findById(creatorId, { followers: 1 }).lean())?.followers ?? 0
      await unitOfWork.run(
        context(),
        async (tx) => {
          const moves = await FollowerMoves.find({ creator_id: creatorId }).limit(batch).lean()
          if (moves.length === 0) return
          await FollowerMoves.deleteMany({ _id: { $in: moves.map((each) => each._id) } })
          const change = sum(moves)
          if (change !== 0) await standing.move(tx, creatorId, { followers: change })
        },
        `followers:${creatorId}`,
      )
    }
  }

  /** What a delivery that was given up left behind. */
  async function foldWaiting(): Promise<void> {
    const waiting = await FollowerMoves.find({}, { creator_id: 1 }).limit(batch).lean()
    for (const creatorId of new Set(waiting.map((each) => each.creator_id))) await fold(creatorId)
  }
}

function sum(moves: readonly { delta: number }[]): number {
  return moves.reduce((total, { delta }) => total + delta, 0)
}
