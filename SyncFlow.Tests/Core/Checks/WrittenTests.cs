using System.Globalization;
using Shouldly;
using SyncFlow.Core.Checks;
using Xunit;

namespace SyncFlow.Tests.Core.Checks;

public sealed class WrittenTests
{
    [Theory]
    [InlineData("2026-11-20T10:02:11Z")]
    [InlineData("2026-11-20T11:02:11+01:00")]
    [InlineData("2026-11-20T10:02:11.000")]
    [InlineData("2026-11-20 10:02:11")]
    [InlineData("2026-11-20 11:02:11 +01:00")]
    [InlineData("20261120T100211Z")]
    [InlineData("20261120100211")]
    [InlineData("2026/11/20 10:02:11")]
    [InlineData("20.11.2026 10:02:11")]
    [InlineData("Fri, 20 Nov 2026 10:02:11 GMT")]
    [InlineData("1795168931")]
    [InlineData("1795168931000")]
    [InlineData("/Date(1795168931000)/")]
    [InlineData("  2026-11-20T10:02:11Z ")]
    public void A_moment_is_read_in_every_form_that_means_one_moment(string text)
    {
        Written.TryTime(text, out var time).ShouldBeTrue();
        time.ShouldBe(new DateTimeOffset(2026, 11, 20, 10, 2, 11, TimeSpan.Zero));
    }

    [Theory]
    [InlineData("2026-11-20")]
    [InlineData("20261120")]
    [InlineData("20.11.2026")]
    public void A_day_is_its_first_moment(string text)
    {
        Written.TryTime(text, out var time).ShouldBeTrue();
        time.ShouldBe(new DateTimeOffset(2026, 11, 20, 0, 0, 0, TimeSpan.Zero));
    }

    [Theory]
    [InlineData("03/04/2026")]
    [InlineData("11/20/2026")]
    [InlineData("2026-13-01")]
    [InlineData("2026-02-30T08:00:00Z")]
    [InlineData("yesterday")]
    [InlineData("12345")]
    [InlineData("")]
    public void What_may_mean_two_moments_or_none_is_not_read(string text) => Written.TryTime(text, out _).ShouldBeFalse();

    [Theory]
    [InlineData("12", 12)]
    [InlineData("-3", -3)]
    [InlineData("3-", -3)]
    [InlineData(" 7 ", 7)]
    [InlineData("5.000", 5)]
    [InlineData("+4", 4)]
    public void A_number_is_read_with_its_sign_on_either_side(string text, int expected)
    {
        Written.TryNumber(text, out var number).ShouldBeTrue();
        number.ShouldBe(expected);
    }

    [Theory]
    [InlineData("1,234")]
    [InlineData("12 pcs")]
    [InlineData("1e3")]
    [InlineData("0x10")]
    [InlineData("")]
    public void What_may_be_another_number_is_not_read(string text) =>
        Written.TryNumber(text, out _).ShouldBeFalse(text.ToString(CultureInfo.InvariantCulture));
}
