namespace SyncFlow.Simulator.Protocol;

/// <content>Locations that are closed for a while.</content>
internal sealed partial class Shop
{
    /// <summary>A merchant closes a location, or opens it again with what was on its levels.</summary>
    public void Close(int location, bool closed)
    {
        Version++;
        _closed[location] = closed;
        PlacesChanged?.Invoke();
    }
}
