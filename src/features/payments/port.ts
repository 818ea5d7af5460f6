/**
 * What Ovation asks of a payment company. An adapter answers in these words and no others; what it can't tell for sure it calls
 * `unknown`, never `failed`, because a charge may have gone through behind a timeout.
 */
export interface PaymentProvider {
  readonly name: string
  /**
   * Opens a hosted checkout. `reference` is our payment id and doubles as the provider's idempotency key: the same reference with the
   * same amount always answers the same checkout, however often it is asked.
   * @throws ProviderUnavailable when the outcome is unknown: ask again with the same reference
   * @throws ProviderRefused when it never will
   */
  createCheckout(order: CheckoutOrder): Promise<Checkout>
  /** Asks what became of a reference. This answer, not a webhook, is what moves money. @throws ProviderUnavailable */
  query(reference: string): Promise<ProviderPayment | { status: 'not_found' }>
  /**
   * Checks a webhook's signature and time over the raw bytes and reads the event. Constant time, several active secrets.
   * @throws AppError `signature` | `signature-time` | `bad-json` (all 400)
   */
  readWebhook(raw: Buffer, headers: Readonly<Record<string, string | string[] | undefined>>): ProviderEvent
}

export interface CheckoutOrder {
  /** our payment id */
  reference: string
  /** minor units */
  amount: number
  currency: string
  /** shown to the payer on the hosted page */
  description: string
  /** where the payer is sent when the page is done with */
  return_url: string
}

export interface Checkout {
  provider_payment_id: string
  checkout_url: string
}

export interface ProviderPayment {
  provider_payment_id: string
  reference: string
  status: ProviderStatus
  /** minor units that were really charged (or asked for, while nothing is charged yet) */
  amount: number
  currency: string
  failure_reason?: string
}

/** `pending`: the payer has not finished; `failed` and `cancelled` may still turn into a late `succeeded`. */
export type ProviderStatus = 'pending' | 'processing' | 'succeeded' | 'failed' | 'cancelled'

export interface ProviderEvent {
  /** the provider's id of this event: the key of the inbox */
  event_id: string
  /** our payment id as the provider repeats it; a hint only */
  reference: string
  /** the provider's word for what happened; an unknown word is kept and ignored */
  status: string
  /** when the provider says that it happened, ISO 8601 */
  occurred_at: string
}

/** The provider did not answer, or not understandably: nobody knows what it did. */
export class ProviderUnavailable extends Error {
  override readonly name = 'ProviderUnavailable'
}

/** The provider said no, and means it: nothing was charged under this reference and nothing will be. */
export class ProviderRefused extends Error {
  override readonly name = 'ProviderRefused'
  /** the provider's word for the reason */
  readonly reason: string

  constructor(reason: string) {
    super(`The provider refused: ${reason}`)
    this.reason = reason
  }
}
