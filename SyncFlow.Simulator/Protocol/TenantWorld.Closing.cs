namespace SyncFlow.Simulator.Protocol;

/// <content>Locations that are closed, and what of it is beyond what any rule could know in time.</content>
internal sealed partial class TenantWorld
{
    /// <summary>
    /// What its levels showed when a location was closed is on sale again the moment it is opened, whatever became of the
    /// units, and where another level is below zero once that one rises; and a level below zero that is closed takes nothing from
    /// the others any more. A merchant who does either puts units on sale by hand; of an item that is not counted just then, once it
    /// is counted again.
    /// </summary>
    private void Close(Shop shop, int location, bool closed)
    {
        var before = Enumerable.Range(0, _settings.Items).Select(shop.OnShelves).ToList();
        shop.Close(location, closed);
        for (var item = 0; item < _settings.Items; item++)
        {
            var onSale = Math.Max(0, Math.Max(0, shop.OnShelves(item)) - Math.Max(0, before[item]));
            if (closed)
            {
                Truth.Closed(shop, item, location, onSale);
            }
            else
            {
                Truth.Reopened(shop, item, location, shop.Available(item, location) + shop.Reserved(item, location), onSale);
            }
        }
    }
}
