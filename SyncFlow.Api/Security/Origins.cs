namespace SyncFlow.Api.Security;

/// <summary>From where a request comes, for the audit log.</summary>
internal static class Origins
{
    private const int LongestProgram = 200;

    /// <summary>Address and program, without line breaks and other control characters.</summary>
    public static string Of(HttpContext context)
    {
        var program = new string([.. context.Request.Headers.UserAgent.ToString().Where(letter => !char.IsControl(letter)).Take(LongestProgram)]);
        var address = context.Connection.RemoteIpAddress?.ToString() ?? "unknown";
        return program.Length == 0 ? address : $"{address} {program}";
    }
}
