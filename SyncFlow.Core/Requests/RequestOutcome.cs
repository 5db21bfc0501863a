using System.Collections.Immutable;

namespace SyncFlow.Core.Requests;

/// <summary>The answer to a request.</summary>
public enum RequestAnswer
{
    /// <summary>All its units are set aside.</summary>
    Granted,

    /// <summary>All its units exist; some are waited for.</summary>
    Waiting,

    /// <summary>Not all its units exist, or are free at once where it may not wait; nothing was set aside.</summary>
    Refused,
}

/// <summary>What a line of a request asked for and what there was.</summary>
/// <param name="Sku">Of what.</param>
/// <param name="Number">Which line.</param>
/// <param name="Location">Only from there; null for anywhere.</param>
/// <param name="Units">Asked for.</param>
/// <param name="Free">Could be had at once; below zero when channels show more than there is.</param>
/// <param name="Obtainable">Could be had after channels gave units up; below zero when more is promised than there is.</param>
public sealed record RequestOffer(SkuId Sku, int Number, LocationId? Location, int Units, int Free, int Obtainable);

/// <summary>What became of a request.</summary>
/// <param name="Offers">What there was for each line.</param>
public sealed record RequestOutcome(RequestAnswer Answer, ImmutableArray<RequestOffer> Offers);
