import { type ClientSession, type Collection, type Document, MongoClient } from 'mongodb'

export type ChargeStatus = 'pending' | 'succeeded' | 'failed' | 'cancelled'
/** what a webhook says of a charge */
export type Word = 'pending' | 'success' | 'failed' | 'cancelled'

export interface Charge {
  /** the provider's own id of it */
  _id: string
  /** the customer's id of it, and its idempotency key */
  reference: string
  /** opens and decides the checkout page */
  token: string
  /** minor units */
  amount: number
  currency: string
  description: string
  return_url: string
  /** what was charged without the payer; absent for a checkout */
  method_id?: string
  status: ChargeStatus
  /** how much of it was given back */
  refunded?: number
  failure_reason: string | null
  /** the payer was sent to confirm it with the bank */
  action_required: boolean
  /** business time: reported as failed, and succeeds then after all */
  late_at?: Date
  created_at: Date
  updated_at: Date
}

export interface BookedRefund {
  _id: string
  /** the customer's id of it, and its idempotency key */
  reference: string
  /** the charge that it gives back */
  charge_id: string
  amount: number
  currency: string
  status: 'succeeded'
  created_at: Date
}

/** Money that a customer had sent to a bank account. */
export interface Transfer {
  _id: string
  /** the customer's id of it, and its idempotency key */
  reference: string
  amount: number
  currency: string
  bank_account: string
  account_name: string
  created_at: Date
}

/** How a saved method behaves when it is charged: `decline_after:N` works N times. */
export type Behaviour = 'success' | 'decline' | 'requires_action' | `decline_after:${number}`

export interface Method {
  _id: string
  /** the customer's id of it, and its idempotency key */
  reference: string
  kind: 'card'
  behaviour: Behaviour
  /** how often it was charged */
  uses: number
  created_at: Date
}

export interface Webhook {
  /** the `webhook-id`: the same at every attempt */
  _id: string
  reference: string
  /** the exact bytes that are signed and sent */
  body: string
  state: 'waiting' | 'delivered' | 'dropped' | 'given_up'
  attempts: number
  /** business time, as are the others: the next attempt, or the end of the lease of the one that runs */
  due_at?: Date
  /** kept back until another one overtakes it */
  held?: true
  created_at: Date
  delivered_at?: Date
  /** statuses that the last attempt got, one for each copy; 0 where none came */
  answers?: number[]
  /** statuses that forged companions got */
  forged_answers?: number[]
  /** when the row goes */
  expires_at?: Date
}

export interface Store {
  readonly charges: Collection<Charge>
  readonly methods: Collection<Method>
  readonly refunds: Collection<BookedRefund>
  readonly transfers: Collection<Transfer>
  readonly webhooks: Collection<Webhook>
  readonly settings: Collection<Document & { _id: string }>
  open(): Promise<void>
  close(): Promise<void>
  /** What changes together. The work may run again after a conflict, so it has no effect but its writes. */
  atomically<T>(work: (session: ClientSession) => Promise<T>): Promise<T>
}

const alreadyThere = 48

/** A database of the provider's own: what it holds is nobody else's business, and is still there after a restart. */
export function createStore({ mongoUri, dbName }: { mongoUri: string; dbName: string }): Store {
  const client = new MongoClient(mongoUri, {
    serverSelectionTimeoutMS: 15_000,
    maxPoolSize: 32,
    writeConcern: { w: 'majority', journal: true },
    readConcern: { level: 'majority' },
  })
  const db = client.db(dbName)
  const charges = db.collection<Charge>('charges')
  const methods = db.collection<Method>('methods')
  const refunds = db.collection<BookedRefund>('refunds')
  const transfers = db.collection<Transfer>('transfers')
  const webhooks = db.collection<Webhook>('webhooks')
  const settings = db.collection<Document & { _id: string }>('settings')

  return Object.freeze({ charges, methods, refunds, transfers, webhooks, settings, open, close: () => client.close(), atomically })

  async function open(): Promise<void> {
    await client.connect()
    for (const { collectionName } of [charges, methods, refunds, transfers, webhooks, settings])
      await db.createCollection(collectionName).catch((error: unknown) => {
        if ((error as { code?: unknown }).code !== alreadyThere) throw error
      })
    await charges.createIndexes([
      { key: { reference: 1 }, unique: true },
      { key: { token: 1 }, unique: true },
      { key: { late_at: 1 }, sparse: true },
    ])
    await refunds.createIndexes([{ key: { reference: 1 }, unique: true }])
    await transfers.createIndexes([{ key: { reference: 1 }, unique: true }])
    await methods.createIndexes([{ key: { reference: 1 }, unique: true }])
    await webhooks.createIndexes([
      { key: { due_at: 1 }, sparse: true },
      { key: { held: 1 }, sparse: true },
      { key: { reference: 1 } },
      { key: { expires_at: 1 }, expireAfterSeconds: 0 },
    ])
  }

  function atomically<T>(work: (session: ClientSession) => Promise<T>): Promise<T> {
    return client.withSession((session) =>
      session.withTransaction(() => work(session), {
        readConcern: { level: 'snapshot' },
        writeConcern: { w: 'majority', journal: true },
        readPreference: 'primary',
      }),
    )
  }
}
