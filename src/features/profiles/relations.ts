import type { Tx } from '../../kernel/events.ts'
import type { BarrierKind, ProfileModels } from './model.ts'
import { takeTurn as takeTurnOf } from './pairs.ts'

/** What stands between one person and another, as the first of them has it. */
export interface Regard {
  /** a block, whoever of the two made it: nothing passes */
  blocked: boolean
  /** the first does not want to hear the other: blocked, or muted by the first */
  silenced: boolean
}

/** Whom a regard is of: `by` looks at `whom`. */
export interface Pair {
  by: string
  whom: string
}

export type Relations = ReturnType<typeof createRelations>

/**
 * The one place that knows what stands between two people. Whatever names another person asks here, in its service: `blocked` refuses or
 * hides, `silenced` masks a name and a text. `test/architecture/blocks.test.ts` holds the list of who asks and what follows.
 */
export function createRelations(models: Pick<ProfileModels, 'Barriers' | 'Pairs'>) {
  const { Barriers } = models
  return Object.freeze({ between, among, takeTurn })

  async function between({ by, whom }: Pair): Promise<Regard> {
    return (await among(by, [whom])).get(whom) ?? open
  }

  /** Only those of `others` with whom something stands between; the rest is missing. At most a page of others. */
  async function among(by: string, others: readonly string[]): Promise<Map<string, Regard>> {
    const distinct = [...new Set(others)].filter((each) => each !== by)
    if (distinct.length === 0) return new Map()
    const keys = distinct.flatMap((whom) => [barrierKey('block', { by, whom }), barrierKey('block', { by: whom, whom: by }), barrierKey('mute', { by, whom })])
    const rows = await Barriers.find({ key: { $in: keys } }, { kind: 1, by: 1, whom: 1 }).lean()
    const regards = new Map<string, Regard>()
    for (const row of rows) {
      const other = row.by === by ? row.whom : row.by
      regards.set(other, { blocked: row.kind === 'block' || regards.get(other)?.blocked === true, silenced: true })
    }
    return regards
  }

  /** For what must not slip past a block that is made at the same time: asked for before it is looked at what stands between them. */
  async function takeTurn(tx: Tx, { by, whom }: Pair): Promise<void> {
    await takeTurnOf(tx, models, by, whom)
  }
}

export function barrierKey(kind: BarrierKind, { by, whom }: Pair): string {
  return `${kind}:${by}>${whom}`
}

const open: Regard = Object.freeze({ blocked: false, silenced: false })
